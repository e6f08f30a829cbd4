"""Losses with their gradients, and accuracy. Contracts: csrc/ops/loss.h, csrc/ops/metric.h."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from brasa import targets as checked
from brasa.arrays import FloatArray, to_array, to_float32
from brasa.ops.arguments import number, truth, whole
from brasa.ops.dispatch import Out, Tensor, floats, run, where_it_lies
from brasa.there import host_of, lies_there
from brasa.whole_numbers import exact_labels


def _categorical(
    kind: str, predictions: Tensor, labels: Any, sample_weight: Any, out: Out
) -> tuple[float, Tensor]:
    predictions = floats(kind, "predictions", predictions)
    shape = predictions.shape
    exact = exact_labels(labels, shape)
    if exact is not None:
        return _loss(kind, predictions, exact, None, sample_weight, out)
    labels = where_it_lies(kind, "labels", labels)
    labels = labels if lies_there(labels) else to_array(kind, "labels", labels)
    dense = sparse = None
    if labels.ndim == len(shape) and labels.shape[-1:] == shape[-1:]:
        dense = checked.one_hot(kind, labels, shape)
    else:
        sparse = checked.class_numbers(kind, labels, shape)
    return _loss(kind, predictions, sparse, dense, sample_weight, out)


def _loss(
    kind: str,
    predictions: Tensor,
    labels: Any,
    target: Any,
    sample_weight: Any,
    out: Out,
    **attributes: float,
) -> tuple[float, Tensor]:
    weight = None
    if sample_weight is not None:
        weight = sample_weights(kind.removesuffix("_logits"), sample_weight, predictions.shape[:-1])
    inputs = [predictions, labels, target, weight]
    outputs = None if out is None else (None, out)
    values = {"kind": kind, **attributes}
    loss, gradient = run("loss", inputs, values, outputs, kind.removesuffix("_logits"))
    return host_of(loss).item(), gradient


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
    return _loss(kind, predictions, None, target, sample_weight, out)


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
    result = _loss(kind, predictions, None, target, sample_weight, out, **attributes)
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
