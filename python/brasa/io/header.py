"""The safetensors header, read strictly: nothing of the file is trusted before it is checked.

A safetensors file is ``<uint64 n, little-endian> <n bytes of JSON> <data>``. The JSON maps each
tensor's name to ``{"dtype", "shape", "data_offsets": [begin, end]}``, offsets counted from the
start of the data; the ranges tile the data without hole or overlap. ``"__metadata__"`` maps str to
str.
Source: https://github.com/huggingface/safetensors (format section).
"""

import json
import math
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from brasa.errors import FormatError

MAX_HEADER_BYTES = 100_000_000  # the reference implementation's own limit
_MAX_RANK = 32  # NumPy 1 allows 32 axes, NumPy 2 allows 64
_MAX_BYTES = 2**63 - 1

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "U8": np.dtype(np.uint8),
    "I8": np.dtype(np.int8),
    "U16": np.dtype(np.uint16),
    "I16": np.dtype(np.int16),
    "F16": np.dtype(np.float16),
    "U32": np.dtype(np.uint32),
    "I32": np.dtype(np.int32),
    "F32": np.dtype(np.float32),
    "U64": np.dtype(np.uint64),
    "I64": np.dtype(np.int64),
    "F64": np.dtype(np.float64),
}


@dataclass(frozen=True)
class Entry:
    """One tensor of the header: its range of the data is ``[begin, end)`` in bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def check_length(length: int, file_size: int) -> None:
    """Reject a header length that the file cannot hold, before anything of that size is read."""
    if length > MAX_HEADER_BYTES:
        raise FormatError(
            f"the header claims {length:,} bytes, over the limit of {MAX_HEADER_BYTES:,}"
        )
    if length > file_size - 8:
        raise FormatError(
            f"the header claims {length:,} bytes but only {file_size - 8:,} follow: "
            "the file is truncated or of another format"
        )


def parse_json(text: bytes) -> dict[str, Any]:
    """Decode the header: one JSON object without duplicate keys, fractions or deep nesting.

    Example:
        >>> parse_json(b'{"w": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}  ')
        {'w': {'dtype': 'U8', 'shape': [2], 'data_offsets': [0, 2]}}
    """
    if text[:1] != b"{":
        raise FormatError("the header must begin with '{': not a safetensors file, or damaged")
    try:
        value = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_number,
        )
    except UnicodeDecodeError as error:
        raise FormatError(f"the header is not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise FormatError("the header is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise FormatError(f"the header is not JSON: {error.msg} at {error.pos}") from None
    assert isinstance(value, dict)  # the text begins with {
    return value


def metadata_of(header: dict[str, Any]) -> dict[str, str]:
    """The ``__metadata__`` of a header, {} when there is none; values must be strings."""
    metadata = header.get("__metadata__", {})
    if not isinstance(metadata, dict):
        raise FormatError(f"__metadata__ must be an object, got {_shorten(metadata)}")
    for key, value in metadata.items():
        if not isinstance(value, str):
            raise FormatError(f"__metadata__[{key!r}] must be a string, got {_shorten(value)}")
    return metadata


def entries_of(header: dict[str, Any], data_size: int) -> list[Entry]:
    """The checked tensors of a header, in its order; together they cover ``data_size`` bytes."""
    entries = [_entry(k, v, data_size) for k, v in header.items() if k != "__metadata__"]
    position = 0
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != position:
            kind = "overlaps the tensor before it" if entry.begin < position else "leaves a hole"
            raise FormatError(
                f"tensor {entry.name!r} {kind}: begins at {entry.begin}, not {position}"
            )
        position = entry.end
    if position != data_size:
        raise FormatError(f"{data_size - position:,} bytes lie behind the last tensor")
    return entries


def _entry(name: str, value: Any, data_size: int) -> Entry:
    what = f"tensor {name!r}"
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise FormatError(
            f"{what} must have exactly dtype, shape and data_offsets, got {_shorten(value)}"
        )
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise FormatError(
            f"{what}: dtype must be one of {', '.join(DTYPES)}, got {_shorten(dtype)}"
        )
    if not _is_sizes(shape) or len(shape) > _MAX_RANK:
        raise FormatError(
            f"{what}: shape must be a list of at most {_MAX_RANK} sizes >= 0, got {_shorten(shape)}"
        )
    if not _is_sizes(offsets) or len(offsets) != 2:
        raise FormatError(f"{what}: data_offsets must be [begin, end], got {_shorten(offsets)}")
    begin, end = offsets
    if not begin <= end <= data_size:
        raise FormatError(
            f"{what}: data_offsets [{begin}, {end}] must rise and stay within "
            f"the {data_size:,} bytes of data"
        )
    # NumPy multiplies the sizes that are not 0, so an empty tensor can overflow as well.
    if math.prod(max(size, 1) for size in shape) * DTYPES[dtype].itemsize > _MAX_BYTES:
        raise FormatError(f"{what}: shape {_shorten(shape)} is too large")
    wanted = math.prod(shape) * DTYPES[dtype].itemsize
    if wanted != end - begin:
        raise FormatError(
            f"{what}: shape {_shorten(shape)} of {dtype} takes {wanted:,} bytes, "
            f"data_offsets span {end - begin:,}"
        )
    return Entry(name, dtype, tuple(shape), begin, end)


def _is_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(
        type(size) is int and 0 <= size <= _MAX_BYTES for size in value
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise FormatError(f"the name {twice!r} appears twice in the header")
    return result


def _integer(text: str) -> int:
    if len(text) > 20:  # 2**64 has 20 digits; longer ones only cost time
        raise FormatError(f"the header holds an integer of {len(text)} digits")
    return int(text)


def _number(text: str) -> NoReturn:
    raise FormatError(f"the header holds {text[:20]}: only integers may stand there")


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
