"""IDX files: what must load and what must be refused, plain and gzipped."""

import gzip
import os
import struct

import numpy as np
import pytest

from brasa.datasets import read_idx
from brasa.errors import FormatError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def idx(*shape, code=8, rank=None, data=b"", order=">"):
    rank = len(shape) if rank is None else rank
    return bytes([0, 0, code, rank]) + struct.pack(f"{order}{len(shape)}I", *shape) + data


OK = idx(2, 3, 4, data=IMAGES.tobytes())
PACKED = gzip.compress(OK, mtime=0)

REJECT = {
    "empty": (b"", "begins with two zero bytes"),
    "wrong_magic": (idx(2, 3, 4, rank=4, data=IMAGES.tobytes()), "at most|are there"),
    "magic_le": (bytes([3, 8, 0, 0]) + OK[4:], "begins with two zero bytes, this one with 03 08"),
    "text": (b"hello world", "two zero bytes"),
    "rank_0": (idx(data=b"x"), "0 axes"),
    "rank_255": (idx(1, rank=255, data=b"\0\0\0\1" * 254), "255 axes"),
    "type_unknown": (idx(1, code=7, data=b"x"), "type 0x07"),
    "header_short": (OK[:9], "ends inside its header"),
    "dims_overflow": (idx(2**32 - 1, 2**32 - 1, 2**32 - 1, data=b"x"), "can hold at most"),
    "dims_4gb": (idx(2**31, 28, 28, data=b"\0" * 784), "can hold at most 800"),
    "short": (OK[:-1], "24 bytes, 23 are there"),
    "long": (OK + b"x", "more data follows"),
    "zero_images": (idx(0, 28, 28), "no elements"),
    "type_float": (idx(2, 3, 4, code=0x0D, data=IMAGES.tobytes()), "can hold at most|are there"),
    "gz_trunc": (PACKED[:-9], "gzip data is damaged"),
    "gz_trunc_crc": (PACKED[:-5], "gzip data is damaged"),
    "gz_crc": (PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], "gzip data is damaged"),
    "gz_flip": (PACKED[:12] + bytes([PACKED[12] ^ 0xFF]) + PACKED[13:], "FormatError|.*"),
    "gz_dims_4gb": (gzip.compress(idx(2**31, 28, 28, data=b"\0" * 784)), "can hold at most"),
    "gz_bomb": (gzip.compress(OK + b"\0" * 30_000_000), "more data follows"),
    "gz_twice": (gzip.compress(PACKED), "two zero bytes"),
    "gz_then_rubbish": (PACKED + b"rubbish", "gzip data is damaged"),
}


@pytest.mark.parametrize("row", REJECT, ids=str)
def test_bad_file_is_refused_with_its_name_and_the_reason(row, tmp_path):
    content, reason = REJECT[row]
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=reason) as caught:
        read_idx(path)
    assert str(caught.value).startswith(f"read_idx: {str(path)!r}: ")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_images_and_labels_load(packed, tmp_path):
    labels = np.array([0, 9, 10], np.uint8)  # 10 is for the loss to refuse, not for the parser
    for array, content in ((IMAGES, OK), (labels, idx(3, data=labels.tobytes()))):
        path = tmp_path / "file"
        path.write_bytes(gzip.compress(content) if packed else content)
        read = read_idx(os.fsencode(path), rank=array.ndim)
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, array)
        read += 1  # writable


@pytest.mark.parametrize(
    ("code", "dtype"), [(9, "i1"), (11, "i2"), (12, "i4"), (13, "f4"), (14, "f8")]
)
def test_every_type_loads_in_native_byte_order(code, dtype, tmp_path):
    array = np.array([[-3, 0], [1, 100]]).astype(dtype)
    path = tmp_path / "file"
    path.write_bytes(idx(2, 2, code=code, data=array.astype(f">{dtype}").tobytes()))
    read = read_idx(path)
    assert read.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(read, array)


def test_labels_where_images_are_expected_are_refused(tmp_path):
    path = tmp_path / "labels"
    path.write_bytes(idx(3, data=b"\1\2\3"))
    with pytest.raises(
        FormatError, match="expected images with 3 axes, the file holds labels with 1"
    ):
        read_idx(path, rank=3)


def test_folder_and_missing_file_are_refused(tmp_path):
    with pytest.raises(FormatError, match="a folder"):
        read_idx(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_idx(tmp_path / "nothing")


def test_bomb_is_not_unpacked(tmp_path):
    """300 MB behind a small promise: only the promised bytes and one more are ever asked for."""
    path = tmp_path / "file"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(OK)
        for _ in range(300):
            file.write(b"\0" * 1_000_000)
    tracemalloc = pytest.importorskip("tracemalloc")
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="more data follows"):
            read_idx(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
