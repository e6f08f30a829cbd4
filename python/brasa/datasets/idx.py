"""IDX, the format of the MNIST files.

A file is ``0 0 <type> <rank> <rank sizes, big-endian uint32> <elements, big-endian, row order>``,
gzipped or not. Source: http://yann.lecun.com/exdb/mnist (last section).
"""

import gzip
import math
import struct
import zlib
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from brasa.errors import FormatError
from brasa.files import AnyPath, as_path, open_regular

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_RANK = 8
_GZIP_RATIO = 1032  # deflate cannot shrink further, so a header that promises more is wrong
_CHUNK_BYTES = 1 << 20


def read_idx(path: AnyPath, rank: int | None = None, where: str = "read_idx") -> NDArray[Any]:
    """Read an IDX file, gzipped or not, into an array of the machine's byte order.

    Reads only what the header promises, and checks that against the size of the file before any
    memory is taken.

    Args:
        path: The file: str, bytes or a path object.
        rank: Number of axes that the array must have: 1 for labels, 3 for images. Default any.
        where: The function that error messages name.

    Raises:
        FormatError: the file is damaged, empty, of another format or of another rank.
        OSError: the file is missing or may not be read.

    Example:
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "labels-idx1-ubyte")
        ...     with open(path, "wb") as file:
        ...         _ = file.write(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
        ...     read_idx(path, rank=1)
        array([5, 0, 4], dtype=uint8)
    """
    name = str(as_path(path, where))
    with open_regular(path, where) as file:
        size = file.seek(0, 2)
        file.seek(0)
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            if not packed:
                return _parse(file, size, rank)
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _parse(cast(BinaryIO, unpacked), size * _GZIP_RATIO, rank)
        except FormatError as error:
            raise FormatError(f"{where}: {name!r}: {error}") from None
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            what = f"the gzip data is damaged ({error}): delete the file and fetch it again"
            raise FormatError(f"{where}: {name!r}: {what}") from None


def _parse(stream: BinaryIO, limit: int, rank: int | None) -> NDArray[Any]:
    shape, dtype = _header(stream, rank)
    promised = math.prod(shape) * dtype.itemsize
    if promised > limit:
        raise FormatError(
            f"the header promises {' x '.join(map(str, shape))} elements, {promised:,} bytes, "
            f"but the file can hold at most {limit:,}"
        )
    data = np.empty(promised, np.uint8)
    view = data.data
    filled = 0
    while filled < promised:
        # GzipFile and a raw file both offer readinto; the stub of BinaryIO does not.
        count = stream.readinto(view[filled : filled + _CHUNK_BYTES])  # type: ignore[attr-defined]
        if not count:
            raise FormatError(f"the header promises {promised:,} bytes, {filled:,} are there")
        filled += count
    if stream.read(1):  # at the end of a gzip file this also checks its checksum
        raise FormatError(f"more data follows the {promised:,} bytes that the header promises")
    array: NDArray[Any] = data.view(dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _header(stream: BinaryIO, rank: int | None) -> tuple[tuple[int, ...], np.dtype[Any]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise FormatError(f"an IDX file begins with two zero bytes, this one with {magic.hex(' ')}")
    code, axes = magic[2], magic[3]
    if code not in _DTYPES or not 1 <= axes <= _MAX_RANK:
        raise FormatError(
            f"type 0x{code:02x} with {axes} axes is not IDX: damaged, or another format"
        )
    if rank is not None and axes != rank:
        hint = {1: "labels", 3: "images"}
        raise FormatError(
            f"expected {hint.get(rank, 'an array')} with {rank} axes, "
            f"the file holds {hint.get(axes, 'an array')} with {axes}"
        )
    sizes = stream.read(4 * axes)
    if len(sizes) < 4 * axes:
        raise FormatError("the file ends inside its header")
    shape = struct.unpack(f">{axes}I", sizes)
    if 0 in shape:
        raise FormatError(f"the file holds no elements: its shape is {shape}")
    return shape, np.dtype(_DTYPES[code])
