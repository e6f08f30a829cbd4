"""Inputs: the same bits in every process, aligned as a plan's arena is."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Benchmark, Case

ALIGNMENT = 64  # bytes: a cache line, and the widest vector


def empty(shape: Sequence[int], dtype: Any = np.float32) -> Array:
    """A 64-byte-aligned array. NumPy's own start 16 bytes later: every wide load would split."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)


def normal(rng: np.random.Generator, *shape: int) -> Array:
    """Standard normal float32: never zero, never denormal, so that no kernel gets off lightly."""
    x = empty(shape)
    rng.standard_normal(dtype=np.float32, out=x)
    return x


def aligned_copy(x: Array) -> Array:
    y = empty(x.shape, x.dtype)
    y[...] = x
    return y


class Inputs:
    """The inputs of the latest case, kept for the next one that shares them."""

    def __init__(self) -> None:
        self._key = ""
        self._arrays: Arrays = {}

    def of(self, benchmark: Benchmark, case: Case) -> Arrays:
        key = f"{case.op}/{case.data or case.name}"
        if key != self._key:
            self._key, self._arrays = key, {}  # frees the old before the new are made
            self._arrays = benchmark.inputs(case, np.random.default_rng(zlib.crc32(key.encode())))
        return self._arrays
