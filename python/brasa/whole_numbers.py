"""The door for whole numbers: labels, rows of tables, masks; they come out as int32.

Arrays that the kernels can read as they are pass without a copy. What is no whole number, or names
nothing, is an error that says where it stands.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import _core
from brasa.arrays import is_dense, to_array

# NumPy has one object for each native type.
_INT32, _INT64 = np.dtype(np.int32), np.dtype(np.int64)


def are_exact_ids(value: Any, limit: int | None) -> bool:
    """Whether a value is an array that the kernels can read as it is, in int32 below the limit."""
    if type(value) is not np.ndarray or value.dtype is not _INT32 or not is_dense(value):
        return False
    return limit is None or _core.all_below(value, limit)


def exact_labels(value: Any, shape: tuple[int, ...]) -> NDArray[np.int32] | None:
    """The value as labels for predictions of this shape, if nothing is wrong with it, else None.

    A step of a small net takes as long as finding out what is wrong.
    """
    if type(value) is not np.ndarray or value.shape != shape[:-1] or not is_dense(value):
        return None
    if (value.dtype is not _INT64 and value.dtype is not _INT32) or not value.ndim:
        return None
    if not value.size or not _core.all_below(value, shape[-1]):
        return None
    labels: NDArray[np.int32] = value.astype(np.int32, copy=False)
    return labels


def as_labels(op: str, value: Any, classes: int) -> NDArray[np.int32]:
    """Class numbers as int32, each checked to lie in [0, classes)."""
    array = to_array(op, "labels", value)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{op}: labels must be whole numbers, got {array.dtype}")
    wrong = _outside(array, classes)
    if wrong is not None:
        where = f"in row {wrong[0]}" if len(wrong) == 1 else f"at {list(wrong)}"
        raise IndexError(
            f"{op}: the label {where} is {array[wrong]}, "
            f"but there are {classes} classes: labels go from 0 to {classes - 1}"
        )
    return np.require(array, np.int32, ["C", "A"])


def as_ids(op: str, name: str, value: Any, limit: int, reason: str) -> NDArray[np.int32]:
    """Row numbers as int32, each checked to lie in [0, limit); ``reason`` says what sets the limit.

    Raises:
        TypeError: ``value`` does not hold whole numbers.
        IndexError: a number is outside; the message says where.
    """
    if are_exact_ids(value, limit):
        exact: NDArray[np.int32] = value
        return exact
    is_plain = type(value) is np.ndarray and value.dtype is _INT64 and is_dense(value)
    if is_plain and _core.all_below(value, limit):
        return value.astype(np.int32)  # type: ignore[no-any-return]
    array = _whole_numbers(op, name, value)
    wrong = _outside(array, limit)
    if wrong is not None:
        at = ", ".join(map(str, wrong))
        raise IndexError(
            f"{op}: {name}[{at}] is {array[wrong]}, but {reason}: "
            f"{name} go from 0 to {max(limit, 1) - 1}"
        )
    return np.require(array, np.int32, ["C", "A"])


def as_int32(op: str, name: str, value: Any) -> NDArray[np.int32]:
    """Whole numbers as int32; ValueError names the first that does not fit."""
    array = _whole_numbers(op, name, value)
    if array.dtype.itemsize >= 4 and array.dtype != np.int32:
        limits = np.iinfo(np.int32)
        wrong = (array < limits.min) | (array > limits.max)
        if wrong.any():
            at = tuple(np.argwhere(wrong)[0].tolist())
            where = ", ".join(map(str, at))
            raise ValueError(f"{op}: {name}[{where}] is {array[at]}, which does not fit into int32")
    return np.require(array, np.int32, ["C", "A"])


def _whole_numbers(op: str, name: str, value: Any) -> NDArray[Any]:
    array = to_array(op, name, value)
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"{op}: {name} must hold whole numbers, got {array.dtype}. "
            f"Convert it: {name}.astype('int32')"
        )
    return array


def _outside(array: NDArray[Any], limit: int) -> tuple[int, ...] | None:
    """Where the first whole number outside [0, limit) stands."""
    # As unsigned numbers, those below 0 are the largest.
    unsigned = array.view(f"{array.dtype.byteorder}u{array.dtype.itemsize}")
    if unsigned.max(initial=0) < limit:
        return None
    wrong = unsigned >= limit
    return tuple(np.argwhere(wrong)[0].tolist()) if wrong.any() else None
