"""Arguments in Keras's spelling, checked and brought into the form that the kernels take."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

Padding = str | int | Sequence[Any]


def whole(op: str, name: str, value: Any) -> int:
    """A whole number; TypeError for floats, booleans and the rest."""
    if type(value) is int:
        return value
    if isinstance(value, bool):
        raise TypeError(f"{op}: {name} must be a whole number, got {value}")
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{op}: {name} must be a whole number, got {value!r}") from None


def at_least(op: str, name: str, value: Any, least: int) -> int:
    """A whole number of at least ``least``; ValueError for one below."""
    # No call where nothing is wrong: predict asks in each of its own.
    result: int = value if type(value) is int else whole(op, name, value)
    if result < least:
        raise ValueError(f"{op}: {name} must be >= {least}, got {result}")
    return result


def number(op: str, name: str, value: Any) -> float:
    """A real number; TypeError for anything else."""
    if type(value) is float:
        return value
    if isinstance(value, (bool, str, bytes)):  # float("1") is 1.0
        raise TypeError(f"{op}: {name} must be a number, got {value!r}")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{op}: {name} must be a number, got {value!r}") from None


def finite(op: str, name: str, value: Any) -> float:
    """A number that is neither infinite nor NaN."""
    result = number(op, name, value)
    if not math.isfinite(result):
        raise ValueError(f"{op}: {name} must be finite, got {result}")
    return result


def truth(op: str, name: str, value: Any) -> bool:
    """Yes or no; TypeError for anything but a bool, 0 or 1."""
    if value is True or value is False:
        return value
    if getattr(value, "shape", ()) != () or value not in (False, True):
        raise TypeError(f"{op}: {name} must be a bool, got {kind_or_value(value)}")
    return bool(value)


def kind_or_value(value: Any) -> str:
    """What errors print: an array by its shape."""
    shape = getattr(value, "shape", None)
    return repr(value) if shape is None else f"an array of {tuple(shape)}"


def pair(op: str, name: str, value: Any) -> list[int]:
    """One whole number for both axes, or two."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{op}: {name} must be 1 or 2 whole numbers, got {value!r}")
        return [whole(op, name, entry) for entry in value]
    return [whole(op, name, value)] * 2


def extents(op: str, name: str, value: Any) -> list[int]:
    """A shape of rank 4, as a list."""
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{op}: {name} must be a tuple of 4 whole numbers, got {value!r}")
    if len(value) != 4:
        raise ValueError(f"{op}: {name} must have 4 extents, got {len(value)}: {value!r}")
    return [whole(op, name, extent) for extent in value]


def fill_attributes(op: str, mode: Any, value: Any) -> dict[str, Any]:
    """What stands beyond the edges of an image: csrc/ops/fill.h."""
    if not isinstance(mode, str):
        raise TypeError(f"{op}: fill_mode must be a word, got {mode!r}")
    return {"fill_mode": mode, "fill_value": number(op, "fill_value", value)}


def padding_of(op: str, value: Padding) -> str | list[int]:
    """``"valid"``, ``"same"``, or the pads as ``[top, bottom, left, right]``."""
    if isinstance(value, str):
        if value not in ("valid", "same"):
            raise ValueError(
                f"{op}: padding must be 'valid', 'same', an int, (ph, pw) or "
                f"((top, bottom), (left, right)), got {value!r}"
            )
        return value
    if not isinstance(value, (tuple, list)):
        return [_pad(op, value)] * 4
    if len(value) != 2:
        raise ValueError(f"{op}: padding must have 2 entries, height and width, got {value!r}")
    sides: list[int] = []
    for entry in value:
        if isinstance(entry, (tuple, list)):
            if len(entry) != 2:
                raise ValueError(f"{op}: padding of an axis must be (before, after), got {entry!r}")
            sides += [_pad(op, side) for side in entry]
        else:
            sides += [_pad(op, entry)] * 2
    return sides


def _pad(op: str, value: Any) -> int:
    pad = whole(op, "padding", value)
    if not 0 <= pad < 1 << 62:
        raise ValueError(f"{op}: padding must be >= 0 and below 2**62, got {pad}")
    return pad


def fits_int64(owner: str, name: str, value: int) -> int:
    """ValueError for a number that the kernels' 64 bits do not hold."""
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{owner}: {name} does not fit into 64 bits, got {value}")
    return value


PRECISIONS = ("float32", "bf16", "bf16x3")


def precision_of(op: str, value: Any) -> str:
    """A precision's name; ValueError for another one."""
    if not isinstance(value, str) or value not in PRECISIONS:
        known = ", ".join(PRECISIONS)
        raise ValueError(f"{op}: precision must be one of {known}, got {kind_or_value(value)}")
    return str(value)


def precision_attributes(op: str, value: Any) -> dict[str, str]:
    """The attribute of a product; none for float32, the default."""
    if value is PRECISIONS[0]:  # as most often: the default
        return {}
    name = precision_of(op, value)
    return {} if name == PRECISIONS[0] else {"precision": name}
