"""Losses with their gradients (the mean over rows), and accuracy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .activation import sigmoid, softmax
from .arrays import Array, wide

CLIP = 1e-7  # probabilities are kept this far from 0 and 1


def one_hot(labels: ArrayLike, classes: int) -> Array:
    """Rows of 0 and 1 for integer labels; rows that already are a distribution, as they are."""
    labels = np.asarray(labels)
    return wide(labels) if labels.ndim == 2 else np.eye(classes)[labels]


def _mean(rows: Array, weight: ArrayLike | None, gradient: Array) -> tuple[float, Array]:
    """The weighted mean of the losses `rows`, and `gradient` (of each row's loss) scaled to it."""
    share = (np.ones(len(rows)) if weight is None else wide(weight)) / len(rows)
    return float((rows * share).sum()), gradient * share.reshape(-1, *(gradient.ndim - 1) * [1])


def softmax_cross_entropy(
    logits: ArrayLike, labels: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[float, Array]:
    z = wide(logits)
    t = one_hot(labels, z.shape[-1])
    top = z.max(-1, keepdims=True)
    log_sum = top + np.log(np.exp(z - top).sum(-1, keepdims=True))
    total = t.sum(-1, keepdims=True)
    rows = (np.where(t == 0, 0.0, t * (log_sum - z))).sum(-1)
    return _mean(rows, sample_weight, softmax(z) * total - t)


def cross_entropy(
    probabilities: ArrayLike, labels: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[float, Array]:
    z = wide(probabilities)
    t = one_hot(labels, z.shape[-1])
    total = z.sum(-1, keepdims=True)
    q = z / total
    inside = (q > CLIP) & (q < 1 - CLIP)  # where the clip does not act
    rows = -(t * np.log(np.clip(q, CLIP, 1 - CLIP))).sum(-1)
    pull = np.where(inside, t, 0.0)
    pull_over_q = np.divide(pull, q, out=np.zeros_like(q), where=pull != 0)
    return _mean(rows, sample_weight, (pull.sum(-1, keepdims=True) - pull_over_q) / total)


def binary_cross_entropy(
    predictions: ArrayLike,
    targets: ArrayLike,
    from_logits: bool = False,
    sample_weight: ArrayLike | None = None,
) -> tuple[float, Array]:
    z, t = wide(predictions), wide(targets)
    width = z[0].size
    if from_logits:
        each = np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))
        slope = sigmoid(z) - t
    else:
        p = np.clip(z, CLIP, 1 - CLIP)
        each = -t * np.log(p) - (1 - t) * np.log(1 - p)
        slope = np.where((z > CLIP) & (z < 1 - CLIP), (p - t) / (p * (1 - p)), 0.0)
    return _mean(each.reshape(len(z), -1).mean(-1), sample_weight, slope / width)


def huber(
    predictions: ArrayLike,
    targets: ArrayLike,
    delta: float = 1.0,
    sample_weight: ArrayLike | None = None,
) -> tuple[float, Array]:
    error = wide(predictions) - wide(targets)
    size = np.abs(error)
    each = np.where(size <= delta, error**2 / 2, delta * (size - delta / 2))
    slope = np.clip(error, -delta, delta)
    return _mean(each.reshape(len(error), -1).mean(-1), sample_weight, slope / error[0].size)


def mean_absolute_error(
    predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[float, Array]:
    difference = wide(predictions) - wide(targets)
    rows = np.abs(difference).reshape(len(difference), -1).mean(-1)
    return _mean(rows, sample_weight, np.sign(difference) / difference[0].size)


def mean_squared_error(
    predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[float, Array]:
    difference = wide(predictions) - wide(targets)
    rows = (difference**2).reshape(len(difference), -1).mean(-1)
    return _mean(rows, sample_weight, 2 * difference / difference[0].size)


def accuracy(
    predictions: ArrayLike,
    labels: ArrayLike,
    threshold: float = 0.5,
    binary: bool = False,
    top: int = 1,
) -> float:
    """The share of rows (with `binary`: of elements) that are predicted right."""
    p, t = np.asarray(predictions), np.asarray(labels)
    if binary:
        return float(((p > np.float32(threshold)) == (t > 0.5)).mean())
    first = np.argsort(-p, axis=-1, kind="stable")[..., :top]
    return float((first == (t if t.ndim == 1 else t.argmax(-1))[:, None]).any(-1).mean())
