"""MNIST and Fashion-MNIST from files on this machine; the network is never used."""

import gzip
import hashlib
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from brasa.datasets import data_dir, fashion_mnist, load_fashion_mnist, load_mnist, mnist
from brasa.errors import FormatError

REAL = "the real files: set BRASA_DATA to a folder with the four MNIST files"
LOADERS = {"mnist": load_mnist, "fashion-mnist": load_fashion_mnist}


def idx(array):
    return (
        bytes([0, 0, 8, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A data folder in which MNIST has 6 and 3 images; downloads fail the test."""
    monkeypatch.setenv("BRASA_DATA", str(tmp_path))
    monkeypatch.setattr(mnist, "_ROWS", {"train": 6, "t10k": 3})
    monkeypatch.setattr("brasa.datasets.fetch._download", lambda *_: pytest.fail("network used"))
    return tmp_path


def fill(folder, packed=True, offset=0):
    folder.mkdir(parents=True, exist_ok=True)
    for part, rows in (("train", 6), ("t10k", 3)):
        images = (np.arange(rows * 784) % 251 + offset).astype(np.uint8).reshape(rows, 28, 28)
        for kind, array in (("images-idx3", images), ("labels-idx1", np.arange(rows, dtype="u1"))):
            content = idx(array)
            name = f"{part}-{kind}-ubyte" + (".gz" if packed else "")
            (folder / name).write_bytes(gzip.compress(content) if packed else content)


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
@pytest.mark.parametrize("name", LOADERS)
def test_files_in_their_folder_are_used(name, packed, shelf):
    fill(shelf / name, packed)
    (x, y), (x_test, y_test) = LOADERS[name]()
    assert (x.shape, x_test.shape) == ((6, 28, 28, 1), (3, 28, 28, 1))
    assert x.dtype == y.dtype == x_test.dtype == y_test.dtype == np.uint8
    assert y.tolist() == [0, 1, 2, 3, 4, 5]
    assert y_test.tolist() == [0, 1, 2]
    assert x[0, 0, :5, 0].tolist() == [0, 1, 2, 3, 4]


def test_keras_names_have_keras_shapes(shelf):
    for name, module in (("mnist", mnist), ("fashion-mnist", fashion_mnist)):
        fill(shelf / name)
        for (x, y), ours in zip(module.load_data(), LOADERS[name](), strict=True):
            np.testing.assert_array_equal(x[..., None], ours[0])
            np.testing.assert_array_equal(y, ours[1])


def test_only_mnist_is_taken_from_the_data_folder_itself(shelf):
    fill(shelf)
    assert load_mnist()[0][0].shape == (6, 28, 28, 1)
    with pytest.raises(pytest.fail.Exception, match="network used"):
        load_fashion_mnist()


def test_own_folder_goes_first(shelf):
    fill(shelf, offset=1)
    fill(shelf / "mnist", offset=0)
    assert load_mnist()[0][0][0, 0, 0, 0] == 0


def test_file_with_another_number_of_images_is_refused(shelf, monkeypatch):
    fill(shelf)
    monkeypatch.setattr(mnist, "_ROWS", {"train": 60_000, "t10k": 10_000})
    with pytest.raises(FormatError, match=r"load_mnist: .*expected uint8 \(60000, 28, 28\)"):
        load_mnist()


def test_swapped_files_are_refused(shelf):
    fill(shelf)
    (shelf / "train-images-idx3-ubyte.gz").write_bytes(
        (shelf / "train-labels-idx1-ubyte.gz").read_bytes()
    )
    with pytest.raises(FormatError, match=r"load_mnist: .*expected images"):
        load_mnist()


@pytest.mark.slow
def test_real_files_hold_the_known_images():
    if not os.environ.get("BRASA_DATA"):
        pytest.skip(REAL)
    names = ("train-images-idx3-ubyte", "train-images-idx3-ubyte.gz")
    folders: tuple[Path, ...] = (data_dir() / "mnist", data_dir())
    if not any((folder / name).exists() for folder in folders for name in names):
        pytest.skip(REAL)
    (x, y), (x_test, y_test) = load_mnist()
    assert (x.shape, y.shape) == ((60000, 28, 28, 1), (60000,))
    # SHA-256 of the four unpacked files, header and all.
    known = {
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db": x[..., 0],
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5": y,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7": x_test[..., 0],
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2": y_test,
    }
    for digest, array in known.items():
        assert hashlib.sha256(idx(array)).hexdigest() == digest
