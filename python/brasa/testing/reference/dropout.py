"""Dropout and the counter-based generator behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def philox(key: int, low: Array, high: int) -> Array:
    """Philox4x32-10 (Salmon et al., SC'11): four 32-bit words for each counter, (len(low), 4)."""
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    low = low.astype(np.uint64)
    words = [low & mask, low >> shift]
    words += [np.full_like(low, half) for half in (high & 0xFFFFFFFF, high >> 32)]
    keys = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * words[0], np.uint64(0xCD9E8D57) * words[2]
        words = [
            (b >> shift) ^ words[1] ^ np.uint64(keys[0]),
            b & mask,
            (a >> shift) ^ words[3] ^ np.uint64(keys[1]),
            a & mask,
        ]
        keys = [(keys[0] + 0x9E3779B9) & 0xFFFFFFFF, (keys[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(words, axis=-1)


def dropout_mask(count: int, rate: float, seed: int = 0, step: int = 0, node: int = 0) -> Array:
    """Which of `count` elements stay."""
    words = philox(seed, np.arange(-(-count // 4)), (step << 32) + node).reshape(-1)[:count]
    uniform = (words >> np.uint64(8)).astype(np.float64) * 2.0**-24
    return np.asarray(uniform >= np.float32(rate))


def dropout(x: ArrayLike, rate: float, seed: int = 0, step: int = 0, node: int = 0) -> Array:
    x = wide(x)
    stays = dropout_mask(x.size, rate, seed, step, node).reshape(x.shape)
    return np.where(stays, x / (1.0 - float(np.float32(rate))), 0.0)


dropout_backward = dropout  # the same function of dy
