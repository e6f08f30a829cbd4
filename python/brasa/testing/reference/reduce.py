"""Extremes over axes; NumPy has the sums and means."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def extreme_backward(
    dy: ArrayLike, x: ArrayLike, axis: int | tuple[int, ...] | None, largest: bool = True
) -> Array:
    x = wide(x)
    y = x.max(axis, keepdims=True) if largest else x.min(axis, keepdims=True)
    equal = (x == y).astype(np.float64)
    count = equal.sum(axis, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        share: Array = equal * (wide(dy).reshape(y.shape) / count)
    return share
