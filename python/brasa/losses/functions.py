"""Losses as functions, for use within losses of one's own: a number for each sample or step.

Of arrays and of symbols, made of ops. ``compile(loss=...)`` takes them for the classes of these
names, which compute the mean in one op.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa import ops
from brasa.graph.symbol import Symbol
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


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None
) -> Tensor:
    """``-log p[y]`` for class numbers y (N, ...); 0 for those of ``ignore_class``.

    The predictions are probabilities (..., C), or logits with ``from_logits``.

    >>> from brasa import losses
    >>> p = [[0.5, 0.5], [0.5, 0.5]]
    >>> losses.sparse_categorical_crossentropy([0, 255], p, ignore_class=255).round(4)
    array([0.6931, 0.    ], dtype=float32)
    """
    z = floats("sparse_categorical_crossentropy", "y_pred", y_pred)
    if ignore_class is None:
        return categorical_crossentropy(ops.one_hot(y_true, z.shape[-1]), z, from_logits)
    y_true, counted = without(y_true, ignore_class)
    rows = categorical_crossentropy(ops.one_hot(y_true, z.shape[-1]), z, from_logits)
    return ops.where(counted, rows, 0.0)


def without(labels: Any, ignored: int) -> tuple[Any, Tensor]:
    """Class numbers, those ignored as another class where they are arrays; and 1 for the others."""
    if not isinstance(labels, Symbol):
        array = np.asarray(labels)
        return np.where(array == ignored, 0, array), np.asarray(array != ignored, np.float32)
    return labels, ops.mask_of_ids(labels, ignored)
