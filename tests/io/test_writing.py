"""What is written comes back, and a write that fails leaves the old file."""

import errno
import hashlib
import json
import os
import struct

import numpy as np
import pytest

from brasa import io


def test_what_is_written_comes_back(tmp_path):
    tensors = {
        "f32": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.array([True, False, True]),
        "scalar": np.float64(2.5),
        "empty": np.zeros((0, 4), np.int16),
        "u8": np.arange(5, dtype=np.uint8),
        "f16": np.arange(3, dtype=np.float16),
        "i64": np.array(-(2**60)),
        "µ \n\0": np.ones(1, np.uint32),
    }
    config = {"layers": [{"units": 3, "rate": 0.1, "bias": True, "name": None}], "s": (1, 1)}
    path = tmp_path / "model.brasa"
    io.write(path, config, tensors, {"note": "ein Wort: Glut"})
    back = io.read(path)
    assert back.config == {**config, "s": [1, 1]}
    assert back.metadata == {"note": "ein Wort: Glut"}
    assert back.version == io.FORMAT_VERSION == 1
    assert list(back.tensors) == list(tensors)
    for name, array in tensors.items():
        assert back.tensors[name].dtype == array.dtype
        assert back.tensors[name].shape == array.shape
        np.testing.assert_array_equal(back.tensors[name], array)


def test_order_and_byte_order_of_the_source_do_not_matter(tmp_path):
    plain = np.arange(12, dtype=np.float32).reshape(3, 4)
    variants = {
        "fortran": np.asfortranarray(plain),
        "reversed": plain[::-1, ::-1].copy()[::-1, ::-1],
        "sliced": np.repeat(plain, 2, axis=1)[:, ::2],
        "big_endian": plain.astype(">f4"),
        "matrix": plain.view(type("Sub", (np.ndarray,), {})),
    }
    io.write(tmp_path / "file", {}, variants)
    for array in io.read(tmp_path / "file").tensors.values():
        np.testing.assert_array_equal(array, plain)


def test_same_content_gives_the_same_bytes(tmp_path):
    metadata = dict.fromkeys("hgfedcba", "x")
    for name in ("a", "b"):
        io.write(tmp_path / name, {"k": 1}, {"w": np.ones(3), "b": np.ones(2, bool)}, metadata)
    content = (tmp_path / "a").read_bytes()
    assert content == (tmp_path / "b").read_bytes()
    # Fixed for ever: a later version must go on reading these bytes.
    digest = hashlib.sha256(content).hexdigest()
    assert digest == "0d3b034df953e25b6efeddf981143a05e5e2a4ec9f02bc20a0deaf49b0baf09d"


def test_the_safetensors_package_reads_it_and_is_read(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    tensors = {"b": np.ones(3, bool), "w": np.arange(4.0), "s": np.array(1, np.float32)}
    io.write(tmp_path / "ours", {}, tensors)
    theirs = safetensors.load_file(tmp_path / "ours")
    safetensors.save_file(tensors, tmp_path / "theirs")
    ours, _ = io.read_tensors(tmp_path / "theirs")
    for name, array in tensors.items():
        np.testing.assert_array_equal(theirs[name], array)
        np.testing.assert_array_equal(ours[name], array)


def test_each_tensor_is_aligned_to_its_element_size(tmp_path):
    tensors = {"b": np.ones(3, bool), "f": np.ones(3, np.float32), "d": np.ones(1)}
    io.write_tensors(tmp_path / "file", tensors)
    content = (tmp_path / "file").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    assert length % 8 == 0
    header = json.loads(content[8 : 8 + length])
    assert {name: header[name]["data_offsets"][0] for name in tensors} == {"d": 0, "f": 8, "b": 20}


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        (([], {}), TypeError, "config must be a dict, got list"),
        (({1: 2}, {}), TypeError, "config has the key 1"),
        (({"a": [{"b": np.int64(1)}]}, {}), TypeError, r"config\['a'\]\[0\]\['b'\] is a int64"),
        (({"a": len}, {}), TypeError, "only dict, list"),
        (({"a": float("nan")}, {}), ValueError, "finite"),
        (({}, {1: np.ones(1)}), TypeError, "names must be str, got 1"),
        (({}, {"__metadata__": np.ones(1)}), ValueError, "may not be named"),
        (({}, {"\ud800": np.ones(1)}), ValueError, "not valid Unicode"),
        (({}, {"w": [1.0]}), TypeError, "'w' must be a NumPy array, got list"),
        (({}, {"w": np.ma.masked_array([1.0])}), TypeError, "got MaskedArray"),
        (({}, {"w": np.ones(1, complex)}), TypeError, "dtype complex128"),
        (({}, {"w": np.array([None])}), TypeError, "dtype object"),
        (({}, {"w": np.array(["a"])}), TypeError, "dtype <U1"),
        (({}, {}, {"brasa.config": "{}"}), ValueError, "may not hold 'brasa.config'"),
        (({}, {}, {"a": 1}), TypeError, "metadata must map str to str"),
    ],
)
def test_bad_argument_to_write_is_refused_and_leaves_the_file(arguments, error, reason, model):
    before = model.read_bytes()
    with pytest.raises(error, match=f"brasa.io.write: .*{reason}"):
        io.write(model, *arguments)
    assert model.read_bytes() == before
    assert list(model.parent.iterdir()) == [model]


def test_config_that_contains_itself_is_refused(tmp_path):
    config = {}
    config["self"] = config
    with pytest.raises(ValueError, match="contains itself"):
        io.write(tmp_path / "file", config, {})


def test_full_disk_leaves_the_old_file_and_nothing_else(model, monkeypatch):
    before = model.read_bytes()

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        io.write(model, {}, {"w": np.ones(1000)})
    assert model.read_bytes() == before
    assert list(model.parent.iterdir()) == [model]
