"""Vectors of length 1, and class numbers as one-hot rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import FloatArray, to_array
from brasa.ops.arguments import whole
from brasa.whole_numbers import as_labels


def normalize(x: Any, axis: int = -1, order: float = 2) -> NDArray[Any]:
    """Vectors along an axis divided by their norm; zeros stay zeros.

    >>> from brasa.utils import normalize
    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    array = to_array("normalize", "x", x)
    norm = np.linalg.norm(array, order, axis, keepdims=True)
    result: NDArray[Any] = array / np.where(norm == 0, 1, norm)
    return result


def to_categorical(x: Any, num_classes: int | None = None) -> FloatArray:
    """Class numbers as one-hot rows.

    Args:
        x: Whole numbers from 0 on (...); a last axis of 1 is dropped.
        num_classes: C. Default the largest number and 1.

    Shapes:
        result float32 (..., C)

    Raises:
        IndexError: a number is no class. TypeError: they are not whole.
        ValueError: there are none, and num_classes is not given.

    >>> from brasa.utils import to_categorical
    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    op = "to_categorical"
    labels = to_array(op, "x", x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.dtype.kind == "f" and (labels == np.trunc(labels)).all():
        labels = labels.astype(np.int64)
    if num_classes is None and not labels.size:
        raise ValueError(f"{op}: x is empty: num_classes must be given")
    classes = (
        int(labels.max()) + 1 if num_classes is None else whole(op, "num_classes", num_classes)
    )
    return np.eye(classes, dtype=np.float32)[as_labels(op, labels, classes)]
