"""The door for targets: what losses and metrics compare predictions with, checked once per array.

``shape`` is the predictions' shape for the whole array: its first extent is the number of rows.
Arrays of a device pass through these doors, too (brasa/there.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import there
from brasa.arrays import FloatArray, to_array, to_float32
from brasa.whole_numbers import as_labels, exact_labels

Shape = tuple[int, ...]

# One-hot rows may be smoothed and rounded, but they must be distributions.
_SUM_TOLERANCE = 1e-3


def class_numbers(op: str, y: Any, shape: Shape) -> Any:
    """Class numbers, one for each row of predictions; a last axis of 1 is dropped.

    Raises:
        ValueError: the shapes do not belong together.
        TypeError: ``y`` does not hold whole numbers.
        IndexError: a label is no class; the message names the row.
    """
    labels = exact_labels(y, shape)
    if labels is not None:
        return labels
    array = _rows(op, y, shape)
    if array.shape == (*shape[:-1], 1):
        array = array.reshape(shape[:-1])
    if array.shape == shape:
        raise ValueError(
            f"{op}: y of {array.shape} looks one-hot, class numbers have the shape {shape[:-1]}: "
            "use categorical_crossentropy, or pass y.argmax(-1)"
        )
    if array.shape != shape[:-1]:
        raise ValueError(
            f"{op}: y must have the shape {shape[:-1]} for predictions of {shape}, "
            f"got {array.shape}{_hint(array, shape)}"
        )
    if there.lies_there(array):
        return there.whole_numbers(array, lambda values: as_labels(op, values, shape[-1]))
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"{op}: y must hold class numbers, which are whole numbers, got {array.dtype}. "
            "Convert it: y.astype('int32')"
        )
    return as_labels(op, array, shape[-1])


def class_numbers_but(op: str, y: Any, shape: Shape, ignored: int) -> Any:
    """The same where one number, a class or not, is left as it is: rows of it count nowhere."""
    if there.lies_there(y):
        y = y.numpy()
    array = to_array(op, "y", y)
    if array.dtype.kind not in "iu":
        return class_numbers(op, array, shape)  # which says what is wrong
    left = array == ignored
    labels = class_numbers(op, np.where(left, 0, array), shape)
    return np.where(left.reshape(labels.shape), np.int32(ignored), labels)


def dense(op: str, y: Any, shape: Shape) -> Any:
    """Numbers in the predictions' shape; ``(N,)`` is taken as ``(N, 1)`` where that is wanted.

    Booleans are 0 and 1: masks of pixels, one-hot rows, answers such as ``y > 3``.

    Raises:
        ValueError: the shapes differ, or a value is not finite; the message names the row.
        TypeError: ``y`` holds no numbers.
    """
    target = numbers(op, y, shape)
    refuse_infinite(op, target)
    return target


def numbers(op: str, y: Any, shape: Shape) -> Any:
    """The same, finite or not."""
    array = _rows(op, y, shape)
    if not there.lies_there(array) and array.dtype.kind == "b":
        array = array.view(np.uint8)
    if shape[-1] == 1 and array.shape == shape[:-1]:
        array = array.reshape(shape)
    if array.shape != shape:
        raise ValueError(
            f"{op}: y must have the predictions' shape {shape}, got {array.shape}"
            f"{_hint(array, shape)}"
        )
    if there.lies_there(array):
        return there.floats(op, "y", array)
    return to_float32(op, "y", array)


def refuse_infinite(op: str, target: Any) -> None:
    """ValueError where a target is not finite; those of a device are not looked at."""
    if not there.lies_there(target):
        _refuse(op, ~np.isfinite(target), target, "y[{at}] is {value}: targets must be finite")


def numbers_or_classes(op: str, y: Any, shape: Shape) -> Any:
    """Targets of a loss that may want anything: whole numbers for rows are classes, else float32.

    ``(N,)`` is taken as ``(N, 1)`` where predictions are; every other shape stays as it is.
    """
    array = _rows(op, y, shape)
    whole = (
        array.dtype in ("int32", "int64") if there.lies_there(array) else array.dtype.kind in "iu"
    )
    if whole and shape[-1] > 1 and array.shape in (shape[:-1], (*shape[:-1], 1)):
        return class_numbers(op, array, shape)
    if shape[-1] == 1 and array.shape == shape[:-1]:
        array = array.reshape(shape)
    return dense(op, array, tuple(array.shape))


def one_hot(op: str, y: Any, shape: Shape) -> Any:
    """Distributions over the classes, one for each row of predictions.

    Raises:
        ValueError: the shapes differ, or a row has negative entries or does not sum to 1.
        TypeError: ``y`` holds no numbers.
    """
    array = _rows(op, y, shape)
    if array.shape in (shape[:-1], (*shape[:-1], 1)) and shape[-1] > 1:
        raise ValueError(
            f"{op}: y of {array.shape} looks like class numbers, one-hot rows have the shape "
            f"{shape}: use sparse_categorical_crossentropy"
        )
    target = dense(op, array, shape)
    if there.lies_there(target):
        return target
    _refuse(op, target < 0, target, "y[{at}] is {value}: one-hot rows have no entry below 0")
    sums = target.sum(axis=-1)
    off = ~(np.abs(sums - 1) <= _SUM_TOLERANCE)
    _refuse(op, off, sums, "row {at} of y sums to {value}: one-hot rows sum to 1")
    return target


def probabilities(op: str, y: Any, shape: Shape) -> Any:
    """Numbers in [0, 1] in the predictions' shape, for independent yes-or-no answers."""
    target = dense(op, y, shape)
    if there.lies_there(target):
        return target
    outside = (target < 0) | (target > 1)
    _refuse(op, outside, target, "y[{at}] is {value}: targets must lie in [0, 1]")
    return target


def operands(predictions: Any, target: Any) -> list[Any]:
    """``[predictions, labels, dense target]`` of an op: int32 says that a target holds labels.

    Symbols and arrays alike; of the last two one is None.
    """
    labels, numbers = (target, None) if target.dtype == "int32" else (None, target)
    return [predictions, labels, numbers]


def _rows(op: str, y: Any, shape: Shape) -> Any:
    array = y if there.lies_there(y) else to_array(op, "y", y)
    if not shape or not shape[-1]:
        raise ValueError(f"{op}: predictions need at least one class, got the shape {shape}")
    if array.ndim == 0:
        raise ValueError(f"{op}: y must have one row for each sample, got a single number")
    length = array.shape[0]
    if length != shape[0]:
        raise ValueError(f"{op}: y has the length {length}, there are {shape[0]} predictions")
    if not length:
        raise ValueError(f"{op}: there are no samples: y is empty")
    return array


def _hint(array: Any, shape: Shape) -> str:
    flat = len(shape) > 2 and array.ndim <= 2
    return ". Is a Flatten missing in front of the dense layers?" if flat else ""


def _refuse(op: str, wrong: NDArray[np.bool_], values: FloatArray, message: str) -> None:
    if wrong.any():
        first = tuple(np.argwhere(wrong)[0].tolist())
        at = ", ".join(map(str, first))
        raise ValueError(f"{op}: " + message.format(at=at, value=values[first]))
