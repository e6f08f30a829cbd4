"""Layer normalization. Contract: csrc/ops/layer_norm.h."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def layer_norm(
    x: ArrayLike,
    gamma: ArrayLike = 1.0,
    beta: ArrayLike = 0.0,
    epsilon: float = 1e-3,
    axes: int = 1,
) -> Array:
    """The last ``axes`` axes brought to mean 0 and variance 1, then scaled and shifted."""
    h, _ = _normalized(x, epsilon, axes)
    return h * wide(gamma) + wide(beta)


def layer_norm_backward(
    dy: ArrayLike, x: ArrayLike, gamma: ArrayLike = 1.0, epsilon: float = 1e-3, axes: int = 1
) -> tuple[Array, Array, Array]:
    """``dx, dgamma, dbeta``."""
    dy = wide(dy)
    h, deviation = _normalized(x, epsilon, axes)
    row, batch = tuple(range(-axes, 0)), tuple(range(dy.ndim - axes))
    g = dy * wide(gamma)
    level, slope = g.mean(row, keepdims=True), (g * h).mean(row, keepdims=True)
    return (g - level - h * slope) / deviation, (dy * h).sum(batch), dy.sum(batch)


def _normalized(x: ArrayLike, epsilon: float, axes: int) -> tuple[Array, Array]:
    row = tuple(range(-axes, 0))
    centred = wide(x) - wide(x).mean(row, keepdims=True)
    deviation = np.sqrt((centred**2).mean(row, keepdims=True) + epsilon)
    return centred / deviation, deviation
