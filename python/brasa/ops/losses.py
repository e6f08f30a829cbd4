"""Losses with their gradients, and accuracy. Contracts: csrc/ops/loss.h, csrc/ops/metric.h."""

from __future__ import annotations

import math
from typing import Any

from brasa import targets as checked
from brasa.arrays import to_array
from brasa.ops.arguments import number, truth, whole
from brasa.ops.dispatch import Out, Tensor, floats, run, where_it_lies
from brasa.ops.loss_weights import sample_weights
from brasa.there import host_of, lies_there
from brasa.whole_numbers import exact_labels


def _categorical(
    kind: str, predictions: Tensor, labels: Any, sample_weight: Any, out: Out
) -> tuple[float, Tensor]:
    predictions = floats(kind, "predictions", predictions)
    shape = predictions.shape
    exact = exact_labels(labels, shape)
    if exact is not None:
        return loss_and_gradient(kind, predictions, exact, None, sample_weight, out)
    labels = where_it_lies(kind, "labels", labels)
    labels = labels if lies_there(labels) else to_array(kind, "labels", labels)
    dense = sparse = None
    if labels.ndim == len(shape) and labels.shape[-1:] == shape[-1:]:
        dense = checked.one_hot(kind, labels, shape)
    else:
        sparse = checked.class_numbers(kind, labels, shape)
    return loss_and_gradient(kind, predictions, sparse, dense, sample_weight, out)


def loss_and_gradient(
    kind: str,
    predictions: Tensor,
    labels: Any,
    target: Any,
    sample_weight: Any,
    out: Out,
    **attributes: float,
) -> tuple[float, Tensor]:
    """The loss of that kind, from labels or from a target, and its gradient."""
    weight = None
    if sample_weight is not None:
        weight = sample_weights(kind.removesuffix("_logits"), sample_weight, predictions.shape[:-1])
    inputs = [predictions, labels, target, weight]
    outputs = None if out is None else (None, out)
    values = {"kind": kind, **attributes}
    loss, gradient = run("loss", inputs, values, outputs, kind.removesuffix("_logits"))
    return host_of(loss).item(), gradient


def softmax_cross_entropy(
    logits: Tensor, labels: Any, sample_weight: Any = None, *, out: Out = None
) -> tuple[float, Tensor]:
    """Softmax and cross-entropy in one: ``loss, dlogits``, the mean over the batch.

    ``loss = mean_i w_i (log sum_j exp z_ij - sum_j t_ij z_ij)``, ``dz = w (softmax(z) - t) / N``

    Shapes:
        logits and dlogits (N, ..., C); labels (N, ...) whole numbers in [0, C), or one-hot like the
        logits; sample_weight (N,), one for each row of classes, or None

    Finite logits of any size never give NaN. IndexError for a label outside [0, C).

    >>> from brasa import ops
    >>> loss, dlogits = ops.softmax_cross_entropy([[0.0, 0.0]], [1])
    >>> round(loss, 4), dlogits
    (0.6931, array([[ 0.5, -0.5]], dtype=float32))
    """
    return _categorical("softmax_cross_entropy", logits, labels, sample_weight, out)


def cross_entropy(
    probabilities: Tensor, labels: Any, sample_weight: Any = None, *, out: Out = None
) -> tuple[float, Tensor]:
    """Cross-entropy of probabilities: ``loss = -mean_i w_i sum_j t_ij log p_ij``, and its gradient.

    Rows are divided by their sum, then clipped to [1e-7, 1 - 1e-7], as in Keras. Where the logits
    are at hand, ``softmax_cross_entropy`` is more accurate.

    Shapes:
        probabilities (..., C), labels (...) whole numbers or (..., C); the gradient (..., C)

    >>> import numpy as np
    >>> from brasa import ops
    >>> p = np.array([[0.5, 0.25, 0.25]], np.float32)
    >>> loss, gradient = ops.cross_entropy(p, np.array([0]))
    >>> round(loss, 4), gradient
    (0.6931, array([[-1.,  1.,  1.]], dtype=float32))
    """
    return _categorical("cross_entropy", probabilities, labels, sample_weight, out)


def binary_cross_entropy(
    predictions: Tensor,
    targets: Any,
    from_logits: bool = False,
    sample_weight: Any = None,
    *,
    out: Out = None,
) -> tuple[float, Tensor]:
    """``loss = -mean(t log p + (1 - t) log(1 - p))``, and its gradient by the predictions.

    ``predictions`` are probabilities (clipped to [1e-7, 1 - 1e-7]) or, with ``from_logits``, what
    goes into the sigmoid: then the loss is computed without overflow.

    Shapes:
        predictions, targets and the gradient of one shape

    >>> from brasa import ops
    >>> round(ops.binary_cross_entropy([[0.92]], [[1.0]])[0], 4)
    0.0834
    """
    op = "binary_cross_entropy"
    predictions = floats(op, "predictions", predictions)
    target = checked.probabilities(op, where_it_lies(op, "y", targets), predictions.shape)
    kind = "binary_cross_entropy_logits" if truth(op, "from_logits", from_logits) else op
    return loss_and_gradient(kind, predictions, None, target, sample_weight, out)


def accuracy(
    predictions: Tensor, labels: Any, threshold: float = 0.5, binary: bool = False, top: int = 1
) -> float:
    """The share of right predictions.

    ``labels`` of class numbers are compared with the argmax of the last axis, one-hot labels
    argmax with argmax, and with ``binary`` both sides as above or below their threshold. With
    ``top`` a row is right where fewer than so many classes come before the wanted one.

    Shapes:
        predictions (..., C), labels (...) whole numbers or (..., C); with ``binary`` both of one
        shape

    TypeError for labels of another type, ValueError for shapes that do not belong together,
    IndexError for a label that is no class.

    >>> from brasa import ops
    >>> ops.accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    """
    op = "accuracy"
    predictions = floats(op, "predictions", predictions)
    array = where_it_lies(op, "labels", labels)
    array = array if lies_there(array) else to_array(op, "labels", array)
    sparse = dense = None
    binary = truth("accuracy", "binary", binary)
    if binary or array.ndim == predictions.ndim:
        dense = checked.dense(op, array, predictions.shape)
    else:
        sparse = checked.class_numbers(op, array, predictions.shape)
    threshold = number(op, "threshold", threshold)
    if math.isnan(threshold):
        raise ValueError(f"{op}: threshold must be a number, got {threshold}")
    attributes = {"threshold": threshold, "binary": binary, "top": whole(op, "top", top)}
    share = run("accuracy", [predictions, sparse, dense, None], attributes)[0]
    return float(host_of(share).item())
