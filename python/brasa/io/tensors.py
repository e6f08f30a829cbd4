"""Named arrays in a safetensors file, written reproducibly and read strictly."""

import json
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from brasa.errors import FormatError
from brasa.files import AnyPath, as_path, open_regular, write_atomic

from . import foreign, header

Tensors: TypeAlias = dict[str, NDArray[Any]]
Strings: TypeAlias = dict[str, str]

_NAMES = {dtype: name for name, dtype in header.DTYPES.items()}


def write_tensors(
    path: AnyPath,
    tensors: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str] | None = None,
    where: str = "brasa.io.write_tensors",
) -> None:
    """Write a safetensors file; the same content gives the same bytes.

    The package's own writer shuffles the metadata from run to run, therefore the header is written
    here. The file takes its name only when it is complete and on the disk.

    Args:
        path: Where to write: str, bytes or a path object. Its folder must exist.
        tensors: Arrays by name, of any shape; bool, integer, or float of 16, 32 or 64 bit.
        metadata: Strings to keep.
        where: The function that error messages name.

    Raises:
        TypeError: a name, an array or a metadata entry is of a type that cannot be stored.
        ValueError: a name is reserved or not valid Unicode.
        OSError: the folder is missing or not writable, or the disk is full.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from brasa import io
    >>> folder = TemporaryDirectory()
    >>> path = Path(folder.name) / "w.safetensors"
    >>> io.write_tensors(path, {"w": np.ones(3, np.float32)})
    >>> tensors, _ = io.read_tensors(path)
    >>> tensors["w"]
    array([1., 1., 1.], dtype=float32)
    >>> folder.cleanup()
    """
    arrays = {_name(name, where): _array(name, value, where) for name, value in tensors.items()}
    # Widest elements first, so that each tensor starts at a multiple of its element size.
    order = sorted(arrays, key=lambda name: -arrays[name].itemsize)
    head = _header_bytes(arrays, order, _strings(metadata or {}, where), where)
    write_atomic(path, [head, *(_bytes_of(arrays[name]) for name in order)], where)


def read_tensors(
    path: AnyPath,
    where: str = "brasa.io.read_tensors",
    check: Callable[[Strings], None] = lambda metadata: None,
) -> tuple[Tensors, Strings]:
    """Read a safetensors file as ``(tensors, metadata)``, checking all of it before using any.

    Args:
        path: The file: str, bytes or a path object.
        where: The function that error messages name.
        check: Called with the metadata before the tensors are looked at; may raise FormatError.

    Returns:
        Writable arrays by name, in the order of the header; and the metadata.

    Raises:
        FormatError: the file is damaged, of another format, or holds a dtype that NumPy lacks.
        OSError: the file is missing or may not be read.

    Example:
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "weights.safetensors")
        ...     write_tensors(path, {"w": np.arange(3)}, {"made by": "hand"})
        ...     read_tensors(path)
        ({'w': array([0, 1, 2])}, {'made by': 'hand'})
    """
    name = str(as_path(path, where))
    with open_regular(path, where) as file:
        try:
            return _read(file, name, check)
        except FormatError as error:
            raise FormatError(f"{where}: {name!r}: {error}") from None


def _read(file: BinaryIO, name: str, check: Callable[[Strings], None]) -> tuple[Tensors, Strings]:
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(9)
    foreign.reject(head, name)
    if len(head) < 8:
        raise FormatError(f"the file has {size} bytes: too short to hold anything")
    (length,) = struct.unpack("<Q", head[:8])
    header.check_length(length, size)
    file.seek(8)
    text = file.read(length)
    fields = header.parse_json(text)
    metadata = header.metadata_of(fields)
    check(metadata)  # first: a newer version may describe its tensors in another way
    entries = header.entries_of(fields, size - 8 - length)
    # Read, not mapped: a file that shrinks under a mapping kills the process.
    file.seek(0)
    data = file.read()
    if len(data) != size or data[8 : 8 + length] != text:
        raise FormatError("the file changed while it was being read")
    return _decode(data, entries), metadata


def _decode(data: bytes, entries: list[header.Entry]) -> Tensors:
    import safetensors
    import safetensors.numpy

    try:
        loaded = safetensors.numpy.load(data)
    except safetensors.SafetensorError as error:
        raise FormatError(f"safetensors: {error}") from None
    return {entry.name: np.require(loaded[entry.name], requirements="W") for entry in entries}


def _header_bytes(arrays: Tensors, order: list[str], metadata: Strings, where: str) -> bytes:
    begins: dict[str, int] = {}
    position = 0
    for name in order:
        begins[name] = position
        position += arrays[name].nbytes
    fields: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    for name, array in arrays.items():
        fields[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [begins[name], begins[name] + array.nbytes],
        }
    try:
        text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(f"{where}: a name or string is not valid Unicode") from None
    text += b" " * (-len(text) % 8)
    if len(text) > header.MAX_HEADER_BYTES:
        raise ValueError(
            f"{where}: names and metadata take {len(text):,} bytes, "
            f"the format's limit is {header.MAX_HEADER_BYTES:,}"
        )
    return struct.pack("<Q", len(text)) + text


def _strings(metadata: Mapping[str, str], where: str) -> Strings:
    for item in metadata.items():
        if not all(isinstance(part, str) for part in item):
            raise TypeError(f"{where}: metadata must map str to str, got {item[0]!r}: {item[1]!r}")
    return dict(metadata)


def _name(name: object, where: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{where}: tensor names must be str, got {name!r}")
    if name == "__metadata__":
        raise ValueError(f"{where}: a tensor may not be named '__metadata__': the format keeps it")
    return name


def _array(name: str, value: object, where: str) -> NDArray[Any]:
    if isinstance(value, np.ma.MaskedArray) or not isinstance(value, (np.ndarray, np.generic)):
        kind = type(value).__name__
        raise TypeError(f"{where}: tensor {name!r} must be a NumPy array, got {kind}")
    array = np.asarray(value)
    dtype = array.dtype.newbyteorder("=")
    if dtype not in _NAMES:
        raise TypeError(
            f"{where}: tensor {name!r} has dtype {array.dtype}, must be one of "
            f"{', '.join(map(str, _NAMES))}"
        )
    return np.asarray(array, dtype=dtype, order="C")


def _bytes_of(array: NDArray[Any]) -> memoryview:
    if sys.byteorder == "big":
        array = array.byteswap()
    return array.reshape(-1).view(np.uint8).data
