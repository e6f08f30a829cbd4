"""What becomes of the losses of rows: their mean, their sum, or all of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from brasa import ops

MEAN = "sum_over_batch_size"
REDUCTIONS = (MEAN, "mean", "mean_with_sample_weight", "sum", "none", None)

# Far below any mean of weights, and far above what float32 cannot divide by.
_LEAST = 1e-30


def reduction_of(owner: str, value: Any) -> str | None:
    """A ``reduction=``; ValueError unless it is one of those that there are."""
    if not isinstance(value, (str, type(None))) or value not in REDUCTIONS:
        raise ValueError(f"{owner}: reduction must be one of {REDUCTIONS}, got {value!r}")
    return value


def require_float32(owner: str, dtype: Any) -> None:
    """ValueError for another type: Keras's argument may say what holds anyway."""
    if dtype not in (None, "float32", np.float32):
        raise ValueError(
            f"{owner}: dtype must be 'float32', which losses are computed in, got {dtype!r}"
        )


def keeps_rows(reduction: str | None) -> bool:
    """Whether the losses of rows stay as they are."""
    return reduction in (None, "none")


def from_mean(
    reduction: str | None, mean: Any, shape: tuple[int, ...], weight: Any, mask: Any
) -> Any:
    """The reduction of values of that shape, from the mean of values times weights.

    Where there is a mask, ``weight`` is 0 outside and so much larger inside that the mean of the
    values times it is that of the steps inside.
    """
    if reduction == "sum":
        total = ops.scale(mean, float(math.prod(shape)))
        return total if mask is None else ops.multiply(total, ops.mean(mask))
    if reduction == "mean_with_sample_weight" and weight is not None:
        return ops.divide(mean, ops.maximum(ops.mean(weight), _LEAST))
    return mean


def weights_within(counted: Any, weight: Any, mask: Any) -> tuple[Any, Any]:
    """Weights of rows of which ``counted`` is 0 or 1 for each, and the mask of those that count.

    The mean of values times the weights is that over the rows that count; ``mask`` is what the
    weights, if there is one, were made of already: see ``from_mean``.
    """
    if mask is not None:
        before = ops.mean(mask)
        axes = (*mask.shape, *[1] * (len(counted.shape) - len(mask.shape)))
        counted = ops.multiply(counted, ops.reshape(mask, axes))
    share = ops.maximum(ops.mean(counted), _LEAST)
    weights = ops.divide(counted, share)
    if mask is not None:
        weights = ops.multiply(weights, before)
    return weights if weight is None else ops.multiply(weights, weight), counted
