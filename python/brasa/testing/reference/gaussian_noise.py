"""Normally distributed noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide
from .dropout import philox


def normal(count: int, seed: int = 0, step: int = 0, node: int = 0) -> Array:
    """`count` numbers with mean 0 and variance 1."""
    words = philox(seed, np.arange(-(-count // 4)), (step << 32) + node)
    uniform = ((words >> np.uint64(8)).astype(np.float64) * 2.0**-24).reshape(-1, 2)
    radius, angle = np.sqrt(-2 * np.log(1 - uniform[:, 0])), 2 * np.pi * uniform[:, 1]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return np.asarray(pairs.reshape(-1)[:count])


def gaussian_noise(
    x: ArrayLike, stddev: float = 1.0, seed: int = 0, step: int = 0, node: int = 0
) -> Array:
    x = wide(x)
    return x + float(np.float32(stddev)) * normal(x.size, seed, step, node).reshape(x.shape)
