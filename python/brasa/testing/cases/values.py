"""Operands that depend on their case alone, and readable names for cases."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FLOAT_BYTES = 4


def random(shape: tuple[int, ...], case: object, name: str) -> Array:
    """Normal float32 values that depend on the case and the operand's name alone."""
    seed = zlib.crc32(f"{case}/{name}".encode())
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def integers(shape: tuple[int, ...], end: int, case: object, name: str) -> Array:
    """Integers in [0, end) that depend on the case and the name alone."""
    seed = zlib.crc32(f"{case}/{name}".encode())
    return np.random.default_rng(seed).integers(0, end, shape).astype(np.int32)


def compact(value: object) -> str:
    """A pair or a nested pair as 1x2 or 1-2x0-3."""
    if not isinstance(value, tuple):
        return str(value)
    return "x".join("-".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in value)
