"""Losses as functions, for use within losses of one's own: a number for each sample or step.

Of arrays and of symbols, made of ops. ``compile(loss=...)`` takes them for the classes of these
names, which compute the mean in one op.
"""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.losses.of_functions import EPSILON, operands_of
from brasa.losses.smoothing import smoothed
from brasa.ops.dispatch import Tensor, floats


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """``mean((t - z)^2)`` over the last axis.

    >>> from brasa import losses
    >>> losses.mean_squared_error([[1.0, 1.0]], [[1.0, 3.0]])
    array([2.], dtype=float32)
    """
    t, z = operands_of("mean_squared_error", y_true, y_pred)
    return ops.mean(ops.square(z - t), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(|t - z|)`` over the last axis.

    >>> from brasa import losses
    >>> losses.mean_absolute_error([[0.0, 2.0]], [[1.0, 5.0]])
    array([2.], dtype=float32)
    """
    t, z = operands_of("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.abs(z - t), axis=-1)


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0
) -> Tensor:
    """``-mean(t log p + (1 - t) log(1 - p))`` over the last axis.

    >>> from brasa import losses
    >>> losses.binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).round(4)
    array([0.6931], dtype=float32)
    """
    t, z = operands_of("binary_crossentropy", y_true, y_pred)
    t = smoothed(t, label_smoothing, 0.5)
    if from_logits:
        tail = ops.log(1.0 + ops.exp(-1.0 * ops.abs(z)))  # exp cannot overflow
        return ops.mean(ops.relu(z) - z * t + tail, axis=-1)
    p = ops.clip(z, EPSILON, 1 - EPSILON)
    return -1.0 * ops.mean(t * ops.log(p) + (1.0 - t) * ops.log(1.0 - p), axis=-1)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0
) -> Tensor:
    """``-sum_j t_j log p_j`` over the last axis; rows of probabilities are divided by their sums.

    >>> from brasa import losses
    >>> losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
    array([0.6931], dtype=float32)
    """
    t, z = operands_of("categorical_crossentropy", y_true, y_pred)
    t = smoothed(t, label_smoothing, 1 / z.shape[-1])
    if from_logits:
        z = z - ops.max(z, axis=-1, keepdims=True)
        logs = z - ops.log(ops.sum(ops.exp(z), axis=-1, keepdims=True))
    else:
        p = ops.divide(z, ops.sum(z, axis=-1, keepdims=True))
        logs = ops.log(ops.clip(p, EPSILON, 1 - EPSILON))
    return -1.0 * ops.sum(t * logs, axis=-1)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False) -> Tensor:
    """``-log p[y]`` for class numbers y (N, ...).

    The predictions are probabilities (..., C), or logits with ``from_logits``.

    >>> from brasa import losses
    >>> losses.sparse_categorical_crossentropy([0], [[0.5, 0.25, 0.25]]).round(4)
    array([0.6931], dtype=float32)
    """
    z = floats("sparse_categorical_crossentropy", "y_pred", y_pred)
    return categorical_crossentropy(ops.one_hot(y_true, z.shape[-1]), z, from_logits)
