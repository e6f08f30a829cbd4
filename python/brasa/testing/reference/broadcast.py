"""Operands of different shapes: NumPy's own rules, and sums over what they repeat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def broadcast_to(x: ArrayLike, shape: Sequence[int]) -> Array:
    return np.broadcast_to(wide(x), tuple(shape))


def broadcast_backward(
    dy: ArrayLike, x_shape: Sequence[int], factor: ArrayLike | None = None
) -> Array:
    terms = wide(dy) * (1.0 if factor is None else wide(factor))
    missing = terms.ndim - len(x_shape)
    repeated = [
        axis + missing
        for axis, extent in enumerate(x_shape)
        if extent == 1 != terms.shape[axis + missing]
    ]
    total: Array = terms.sum((*range(missing), *repeated), keepdims=True)
    return total.reshape(tuple(x_shape))
