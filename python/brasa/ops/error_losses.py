"""Losses of the differences from a target, with their gradients. Contract: csrc/ops/loss.h."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from brasa import targets as checked
from brasa.ops.arguments import number
from brasa.ops.dispatch import Out, Tensor, floats, where_it_lies
from brasa.ops.losses import loss_and_gradient


def _of_errors(
    kind: str,
    predictions: Tensor,
    targets: Any,
    sample_weight: Any,
    out: Out,
    **attributes: float,
) -> tuple[float, Tensor]:
    predictions = floats(kind, "predictions", predictions)
    target = checked.numbers(kind, where_it_lies(kind, "y", targets), predictions.shape)
    if isinstance(out, np.ndarray) and np.may_share_memory(out, target):
        checked.refuse_infinite(kind, target)
    result = loss_and_gradient(kind, predictions, None, target, sample_weight, out, **attributes)
    # Inf or NaN among the targets always shows in the loss: looking for it costs more than that.
    if not math.isfinite(result[0]):
        checked.refuse_infinite(kind, target)
    return result


# Kernels take what is smaller than the least normal float32 for 0.
_LEAST_DELTA, _MOST_DELTA = (float(v) for v in (np.finfo("f4").tiny, np.finfo("f4").max))


def huber_delta(owner: str, value: Any) -> float:
    """``delta`` of the Huber loss, checked."""
    delta = number(owner, "delta", value)
    if not _LEAST_DELTA <= delta <= _MOST_DELTA:
        raise ValueError(f"{owner}: delta must be > 0 and finite in float32, got {delta}")
    return delta


def huber(
    predictions: Tensor,
    targets: Any,
    delta: float = 1.0,
    sample_weight: Any = None,
    *,
    out: Out = None,
) -> tuple[float, Tensor]:
    """Squares of small errors, absolute values of large ones: ``loss, dpredictions`` (Huber 1964).

    ``loss = mean(l)``, ``l = e^2 / 2`` where ``|e| <= delta``, else ``delta (|e| - delta / 2)``,
    with ``e = z - t``; ``dz = clip(e, -delta, delta) / n``

    Shapes:
        predictions, targets and dpredictions (N, ...); sample_weight (N,), one for each row of the
        last axis, or None

    ValueError unless ``delta`` is positive and finite. An infinite prediction has an infinite loss
    and the slope of a large one; NaN stays NaN.

    Source: Huber, Annals of Mathematical Statistics 35 (1964).

    >>> from brasa import ops
    >>> ops.huber([[1.5, 4.0]], [[1.0, 1.0]])
    (1.3125, array([[0.25, 0.5 ]], dtype=float32))
    """
    delta = huber_delta("huber", delta)
    return _of_errors("huber", predictions, targets, sample_weight, out, delta=delta)


def mean_absolute_error(
    predictions: Tensor, targets: Any, sample_weight: Any = None, *, out: Out = None
) -> tuple[float, Tensor]:
    """``loss = mean(|z - t|)`` and its gradient ``sign(z - t) / n``, 0 where ``z = t``.

    Shapes:
        predictions, targets and the gradient of one shape

    >>> from brasa import ops
    >>> ops.mean_absolute_error([[1.0, 4.0]], [[1.0, 1.0]])
    (1.5, array([[0. , 0.5]], dtype=float32))
    """
    return _of_errors("mean_absolute_error", predictions, targets, sample_weight, out)


def mean_squared_error(
    predictions: Tensor, targets: Any, sample_weight: Any = None, *, out: Out = None
) -> tuple[float, Tensor]:
    """``loss = mean((z - t)^2)`` and its gradient ``2 (z - t) / n``.

    Shapes:
        predictions, targets and the gradient of one shape

    >>> from brasa import ops
    >>> ops.mean_squared_error([[1.0, 3.0]], [[1.0, 1.0]])[0]
    2.0
    """
    return _of_errors("mean_squared_error", predictions, targets, sample_weight, out)
