"""Losses of differences, relative, logarithmic and of directions, as functions and as classes."""

from __future__ import annotations

import math
from typing import Any

from brasa import ops
from brasa.losses.of_functions import EPSILON, LossOfFunction, operands_of
from brasa.losses.reductions import MEAN
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor
from brasa.ops.error_losses import huber_delta


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """``mean(l)`` over the last axis, ``l`` as in :class:`Huber`.

    >>> from brasa import losses
    >>> losses.huber([[1.0, 1.0]], [[1.5, 4.0]])
    array([1.3125], dtype=float32)
    """
    t, z = operands_of("huber", y_true, y_pred)
    delta = huber_delta("huber", delta)
    error = ops.abs(z - t)
    square = ops.minimum(error, delta)  # the part of the error that is squared
    return ops.mean(0.5 * ops.square(square) + delta * (error - square), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """``100 mean(|t - z| / max(|t|, 1e-7))`` over the last axis.

    >>> from brasa import losses
    >>> losses.mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]])
    array([25.], dtype=float32)
    """
    t, z = operands_of("mean_absolute_percentage_error", y_true, y_pred)
    return 100.0 * ops.mean(ops.abs(t - z) / ops.maximum(ops.abs(t), EPSILON), axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """``mean((log(1 + z) - log(1 + t))^2)`` over the last axis; below 1e-7 both are that.

    >>> from brasa import losses
    >>> losses.mean_squared_logarithmic_error([[0.0]], [[1.0]]).round(4)
    array([0.4805], dtype=float32)
    """
    t, z = operands_of("mean_squared_logarithmic_error", y_true, y_pred)
    first, second = (ops.log(ops.maximum(each, EPSILON) + 1.0) for each in (z, t))
    return ops.mean(ops.square(first - second), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(log(cosh(z - t)))`` over the last axis: squares near 0, absolute values far off.

    >>> from brasa import losses
    >>> losses.log_cosh([[0.0]], [[1.0]]).round(4)
    array([0.4338], dtype=float32)
    """
    t, z = operands_of("log_cosh", y_true, y_pred)
    error = ops.abs(z - t)  # log cosh e = |e| + log(1 + exp(-2 |e|)) - log 2: nothing overflows
    tail = ops.log(1.0 + ops.exp(-2.0 * error))
    return ops.mean(error + tail - math.log(2.0), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """``-sum(t z) / (|t| |z|)`` along an axis: -1 for one direction, 0 where one has no length.

    >>> from brasa import losses
    >>> losses.cosine_similarity([[0.0, 2.0]], [[1.0, 1.0]]).round(4)
    array([-0.7071], dtype=float32)
    """
    t, z = operands_of("cosine_similarity", y_true, y_pred)
    return -1.0 * ops.sum(_direction(t, axis) * _direction(z, axis), axis=axis)


def _direction(x: Any, axis: int) -> Any:
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return ops.divide(x, ops.sqrt(ops.maximum(squares, EPSILON**2)))


class MeanAbsolutePercentageError(LossOfFunction):
    """``loss = 100 mean(|t - z| / max(|t|, 1e-7))``.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    >>> from brasa.losses import MeanAbsolutePercentageError
    >>> MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]])
    25.0
    """

    name = "mean_absolute_percentage_error"
    function = mean_absolute_percentage_error


class MeanSquaredLogarithmicError(LossOfFunction):
    """``loss = mean((log(1 + z) - log(1 + t))^2)``; below 1e-7 both count as that.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    >>> from brasa.losses import MeanSquaredLogarithmicError
    >>> round(MeanSquaredLogarithmicError()([[0.0]], [[1.0]]), 4)
    0.4805
    """

    name = "mean_squared_logarithmic_error"
    function = mean_squared_logarithmic_error


class LogCosh(LossOfFunction):
    """``loss = mean(log(cosh(z - t)))``: as smooth as squares, as mild as absolute values.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    >>> from brasa.losses import LogCosh
    >>> round(LogCosh()([[0.0]], [[1.0]]), 4)
    0.4338
    """

    name = "log_cosh"
    function = log_cosh


class CosineSimilarity(LossOfFunction):
    """``loss = mean(-sum(t z) / (|t| |z|))``: -1 where all point in one direction.

    Shapes:
        predictions (N, ...) and y likewise

    Args:
        axis: Along which the directions lie. Default: the last.
        reduction, name, dtype: See :class:`Loss`.

    >>> from brasa.losses import CosineSimilarity
    >>> round(CosineSimilarity()([[0.0, 2.0]], [[1.0, 1.0]]), 4)
    -0.7071
    """

    name = "cosine_similarity"
    function = cosine_similarity

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=whole("CosineSimilarity", "axis", axis))
