"""Sums, products and copies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def add(*terms: ArrayLike) -> Array:
    total = np.zeros_like(wide(terms[0]))
    for x in terms:
        total = total + wide(x)
    return total


def multiply(a: ArrayLike, b: ArrayLike) -> Array:
    return wide(a) * wide(b)


def scale(x: ArrayLike, factor: float) -> Array:
    return wide(x) * factor


def concatenate(terms: Sequence[ArrayLike], axis: int = -1) -> Array:
    return np.concatenate([np.asarray(x) for x in terms], axis)


def slice_axis(x: ArrayLike, axis: int, start: int, length: int) -> Array:
    return np.asarray(x).take(range(start, start + length), axis)
