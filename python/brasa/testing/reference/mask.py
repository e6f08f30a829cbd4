"""Masks of padded sequences."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def mask_of_ids(ids: ArrayLike, value: int = 0) -> Array:
    return wide(np.asarray(ids) != value)


def mask_of_rows(x: ArrayLike, value: float = 0.0) -> Array:
    return wide((wide(x) != value).any(-1))


def mask_rows(x: ArrayLike, mask: ArrayLike) -> Array:
    return np.where(wide(mask)[..., None] != 0, wide(x), 0.0)


def mask_weights(mask: ArrayLike, sample_weight: ArrayLike = 1.0) -> tuple[Array, float]:
    mask = wide(mask)
    valid = float(mask.sum())
    return mask * wide(sample_weight) * mask.size / max(valid, 1.0), valid
