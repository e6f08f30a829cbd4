"""The weights of samples and steps in losses, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa.arrays import FloatArray, to_array, to_float32
from brasa.ops.dispatch import where_it_lies
from brasa.there import lies_there


def check_weights(op: str, weight: Any) -> None:
    """ValueError unless the weights are finite, not negative and not all zero."""
    if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.any()):
        raise ValueError(f"{op}: sample_weight must be finite, >= 0, and not all zero")


def sample_weights(op: str, value: Any, shape: tuple[int, ...]) -> FloatArray:
    """Weights for rows of predictions of this shape (without the last axis), checked.

    One for each sample ``(N,)`` counts for all of its steps; else one for each step ``(N, T)``. A
    last axis of 1 is dropped where it is one too many.
    """
    value = where_it_lies(op, "sample_weight", value)
    value = value.numpy() if lies_there(value) else value
    weight = to_float32(op, "sample_weight", to_array(op, "sample_weight", value))
    if weight.ndim == len(shape) + 1 and weight.shape[-1] == 1:
        weight = weight.reshape(weight.shape[:-1])
    if not weight.ndim or weight.shape != shape[: weight.ndim]:
        each = f"({shape[0]},)" if len(shape) == 1 else f"({shape[0]},) or {shape}"
        raise ValueError(f"{op}: sample_weight must have the shape {each}, got {weight.shape}")
    check_weights(op, weight)
    if weight.ndim == len(shape):
        return weight
    steps = weight.reshape(weight.shape + (1,) * (len(shape) - weight.ndim))
    return np.ascontiguousarray(np.broadcast_to(steps, shape))
