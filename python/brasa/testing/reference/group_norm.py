"""Group normalization. Contract: csrc/ops/group_norm.h."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide
from .layer_norm import layer_norm, layer_norm_backward


def group_norm(
    x: ArrayLike,
    groups: int,
    gamma: ArrayLike = 1.0,
    beta: ArrayLike = 0.0,
    epsilon: float = 1e-3,
) -> Array:
    """Each group of channels brought to mean 0 and variance 1, then scaled and shifted."""
    x = wide(x)
    h = layer_norm(_grouped(x, groups), epsilon=epsilon, axes=2)
    return _channels_last(h, x) * wide(gamma) + wide(beta)


def group_norm_backward(
    dy: ArrayLike, x: ArrayLike, groups: int, gamma: ArrayLike = 1.0, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """``dx, dgamma, dbeta``."""
    dy, x = wide(dy), wide(x)
    slope = _grouped(dy * wide(gamma), groups)
    dx = layer_norm_backward(slope, _grouped(x, groups), 1.0, epsilon, 2)[0]
    batch = tuple(range(dy.ndim - 1))
    dgamma = (dy * group_norm(x, groups, epsilon=epsilon)).sum(batch)
    return _channels_last(dx, x), dgamma, dy.sum(batch)


def _grouped(x: Array, groups: int) -> Array:
    """(N, ..., C) -> (N, groups, positions, C / groups)"""
    positions = int(np.prod(x.shape[1:-1]))
    cut = x.reshape(x.shape[0], positions, groups, x.shape[-1] // groups)
    grouped: Array = cut.transpose(0, 2, 1, 3)
    return grouped


def _channels_last(grouped: Array, like: Array) -> Array:
    x: Array = grouped.transpose(0, 2, 1, 3).reshape(like.shape)
    return x
