"""CIFAR-10 and CIFAR-100 from archives or folders on this machine; the network is never used."""

import dataclasses
import gzip
import io
import tarfile

import numpy as np
import pytest

from brasa.datasets import (
    CIFAR100_CLASSES,
    CIFAR100_SUPERCLASSES,
    cifar,
    cifar10,
    cifar100,
    load_cifar10,
    load_cifar100,
)
from brasa.errors import FormatError

ROWS = 4
NAMES = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A data folder in which a batch has 4 records; downloads fail the test."""
    monkeypatch.setenv("BRASA_DATA", str(tmp_path))
    for name in ("_CIFAR10", "_CIFAR100"):
        files = getattr(cifar, name)
        few = dataclasses.replace(files, rows=dict.fromkeys(files.rows, ROWS))
        monkeypatch.setattr(cifar, name, few)
    monkeypatch.setattr("brasa.datasets.fetch._download", lambda *_: pytest.fail("network used"))
    return tmp_path


def batches():
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (len(NAMES), ROWS, 32, 32, 3)).astype(np.uint8)
    labels = random.randint(0, 10, (len(NAMES), ROWS)).astype(np.uint8)
    content = {
        name: b"".join(
            bytes([label]) + image.transpose(2, 0, 1).tobytes()
            for image, label in zip(images[number], labels[number], strict=True)
        )
        for number, name in enumerate(NAMES)
    }
    return images, labels, content


def archive(path, content, packed=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    path.write_bytes(gzip.compress(stream.getvalue(), 1) if packed else stream.getvalue())


def check(loaded, images, labels):
    (x, y), (x_test, y_test) = loaded
    np.testing.assert_array_equal(x, images[:5].reshape(-1, 32, 32, 3))
    np.testing.assert_array_equal(y, labels[:5].reshape(-1))
    np.testing.assert_array_equal(x_test, images[5])
    np.testing.assert_array_equal(y_test, labels[5])
    assert x.dtype == y.dtype == np.uint8
    assert x.flags.c_contiguous


@pytest.mark.parametrize("folder", ["cifar-10", "."])
@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
def test_archive_is_used(folder, packed, shelf):
    images, labels, content = batches()
    name = "cifar-10-binary.tar" + (".gz" if packed else "")
    archive(shelf / folder / name, {"batches.meta.txt": b"airplane\n", **content}, packed)
    check(load_cifar10(), images, labels)
    (_, y), (_, y_test) = cifar10.load_data()  # Keras's name, and shapes
    assert (y.shape, y_test.shape) == ((5 * ROWS, 1), (ROWS, 1))


@pytest.mark.parametrize("folder", ["cifar-10", "."])
def test_unpacked_folder_is_used(folder, shelf):
    images, labels, content = batches()
    target = shelf / folder / "cifar-10-batches-bin"
    target.mkdir(parents=True)
    for name, data in content.items():
        (target / name).write_bytes(data)
    check(load_cifar10(), images, labels)


def short(content):
    content["data_batch_2.bin"] = content["data_batch_2.bin"][:-1]


def label_10(content):
    content["data_batch_3.bin"] = b"\x0a" + content["data_batch_3.bin"][1:]


def python_version(content):
    for name in NAMES:
        del content[name]
    content["data_batch_1"] = b"\x80\x02}q"


def large_stranger(content):
    content.clear()
    content["big"] = b"\0" * (2 << 20)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (short, "data_batch_2.bin: a batch has 12,292 bytes, this one 12,291"),
        (label_10, "labels must be 0..9, row 0 has 10"),
        (python_version, "give the binary version, not the python one"),
        (large_stranger, "something else: .*big"),
    ],
)
def test_bad_archive_is_refused(damage, message, shelf):
    content = batches()[2]
    damage(content)
    archive(shelf / "cifar-10-binary.tar.gz", content)
    with pytest.raises(FormatError, match=f"load_cifar10: .*{message}"):
        load_cifar10()


@pytest.mark.parametrize("keep", [0, 1, 100, 5000, 40_000])
def test_truncated_archive_is_refused(keep, shelf):
    path = shelf / "cifar-10-binary.tar.gz"
    archive(path, batches()[2])
    assert path.stat().st_size > 50_000
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FormatError, match=r"load_cifar10: .*(damaged|missing)"):
        load_cifar10()


def test_links_in_the_archive_are_not_followed(shelf):
    path = shelf / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("data_batch_1.bin")
        member.type = tarfile.SYMTYPE
        member.linkname = "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(FormatError, match=r"data_batch_1.bin.* missing"):
        load_cifar10()


def test_missing_batch_in_the_folder_is_named(shelf):
    (shelf / "cifar-10-batches-bin").mkdir()
    with pytest.raises(FileNotFoundError, match=r"data_batch_1.bin"):
        load_cifar10()


def hundred():
    """Images, coarse and fine labels of both files, and the files."""
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (2, ROWS, 32, 32, 3), np.uint8)
    coarse, fine = (random.integers(0, n, (2, ROWS), np.uint8) for n in (20, 100))
    coarse[0, 0], fine[0, 0] = 19, 99
    content = {
        name: b"".join(
            bytes([coarse[number, i], fine[number, i]])
            + images[number, i].transpose(2, 0, 1).tobytes()
            for i in range(ROWS)
        )
        for number, name in enumerate(("train.bin", "test.bin"))
    }
    return images, {"coarse": coarse, "fine": fine}, content


@pytest.mark.parametrize("folder", ["cifar-100", "."])
@pytest.mark.parametrize("mode", ["fine", "coarse"])
@pytest.mark.parametrize("packed", [True, False], ids=["archive", "folder"])
def test_cifar100_is_read(folder, mode, packed, shelf):
    images, labels, content = hundred()
    if packed:
        names = {"fine_label_names.txt": b"apple\n"}
        archive(shelf / folder / "cifar-100-binary.tar.gz", {**names, **content})
    else:
        target = shelf / folder / "cifar-100-binary"
        target.mkdir(parents=True)
        for name, data in content.items():
            (target / name).write_bytes(data)
    loaded = load_cifar100(mode)
    for (x, y), image, label in zip(loaded, images, labels[mode], strict=True):
        np.testing.assert_array_equal(x, image)
        np.testing.assert_array_equal(y, label)
        assert x.dtype == y.dtype == np.uint8
    (_, y), (_, y_test) = cifar100.load_data(mode)
    assert y.shape == y_test.shape == (ROWS, 1)
    np.testing.assert_array_equal(y[:, 0], labels[mode][0])


@pytest.mark.parametrize(("byte", "value", "limit"), [(0, 20, 19), (1, 100, 99)])
def test_labels_of_cifar100_are_checked(byte, value, limit, shelf):
    content = hundred()[2]
    records = bytearray(content["test.bin"])
    records[3074 + byte] = value
    archive(shelf / "cifar-100-binary.tar.gz", {**content, "test.bin": bytes(records)})
    with pytest.raises(
        FormatError, match=f"test.bin: labels must be 0..{limit}, row 1 has {value}"
    ):
        load_cifar100()


def test_the_archives_are_not_taken_for_each_other(shelf):
    archive(shelf / "cifar-100-binary.tar.gz", batches()[2])
    with pytest.raises(FormatError, match=r"load_cifar100: .*train\.bin, test\.bin missing"):
        load_cifar100()


def test_names_and_modes_of_cifar100():
    for names, count in ((CIFAR100_CLASSES, 100), (CIFAR100_SUPERCLASSES, 20)):
        assert len(set(names)) == count
        assert sorted(names) == list(names)  # as in the archive
    with pytest.raises(ValueError, match=r"load_cifar100: label_mode must be .*, got 'rough'"):
        load_cifar100("rough")
