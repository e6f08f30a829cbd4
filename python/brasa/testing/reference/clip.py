"""Clipped gradients."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def clip_value(x: ArrayLike, limit: float) -> Array:
    return np.clip(wide(x), -limit, limit)


def clip_norm(x: ArrayLike, limit: float) -> Array:
    x = wide(x)
    return x * (limit / max(float(np.linalg.norm(x.reshape(-1))), limit))
