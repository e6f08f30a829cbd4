"""What large weights add to a loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def penalty(x: ArrayLike, l1: float = 0.0, l2: float = 0.0) -> float:
    x = wide(x)
    return float((l1 * np.abs(x) if l1 else np.zeros_like(x)).sum() + (l2 * x**2).sum())


def penalty_backward(x: ArrayLike, l1: float = 0.0, l2: float = 0.0) -> Array:
    x = wide(x)
    return np.asarray(l1 * np.sign(x) + 2 * l2 * x)
