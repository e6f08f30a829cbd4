"""Metrics as functions of arrays: a number for each sample or element.

``compile(metrics=...)`` takes them, and functions of losses, for the classes of these names.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import targets
from brasa.arrays import FloatArray
from brasa.graph.symbol import Symbol
from brasa.metrics.checks import pair_of, predictions_of
from brasa.ops.arguments import finite, whole
from brasa.ops.dispatch import where_it_lies
from brasa.there import host_of


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> FloatArray:
    """1 for each element on the right side, ``(p > threshold) == (t > 0.5)``, else 0.

    >>> from brasa import metrics
    >>> metrics.binary_accuracy([[1, 0]], [[0.9, 0.8]])
    array([[1., 0.]], dtype=float32)
    """
    name = "binary_accuracy"
    limit = np.float32(finite(name, "threshold", threshold))
    _require_arrays(name, y_true, y_pred)
    target, p = pair_of(name, y_true, y_pred)
    right = (p > limit) == (target > 0.5)
    return _numbers(right[:, 0] if len(np.shape(y_pred)) == 1 else right)


def categorical_accuracy(y_true: Any, y_pred: Any) -> FloatArray:
    """1 for each row whose largest prediction is at the largest target. Ties: the first wins.

    >>> from brasa import metrics
    >>> metrics.categorical_accuracy([[0, 1], [0, 1]], [[0.1, 0.9], [0.8, 0.2]])
    array([1., 0.], dtype=float32)
    """
    p, classes = _classes("categorical_accuracy", y_true, y_pred, sparse=False)
    return _numbers(p.argmax(axis=-1) == classes)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> FloatArray:
    """1 for each row whose largest prediction is that of the class number. Ties: the first wins.

    >>> from brasa import metrics
    >>> metrics.sparse_categorical_accuracy([1, 1], [[0.1, 0.9], [0.8, 0.2]])
    array([1., 0.], dtype=float32)
    """
    p, classes = _classes("sparse_categorical_accuracy", y_true, y_pred, sparse=True)
    return _numbers(p.argmax(axis=-1) == classes)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> FloatArray:
    """1 for each row where the largest target's class is among the k largest predictions.

    >>> from brasa import metrics
    >>> metrics.top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.2, 0.3]], k=2)
    array([1.], dtype=float32)
    """
    name = "top_k_categorical_accuracy"
    return _among(name, *_classes(name, y_true, y_pred, sparse=False), k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> FloatArray:
    """1 for each row where the class number is among the k largest predictions.

    >>> from brasa import metrics
    >>> metrics.sparse_top_k_categorical_accuracy([2, 1], [[0.5, 0.2, 0.3], [0.5, 0.1, 0.4]], k=2)
    array([1., 0.], dtype=float32)
    """
    name = "sparse_top_k_categorical_accuracy"
    return _among(name, *_classes(name, y_true, y_pred, sparse=True), k)


def _classes(
    name: str, y_true: Any, y_pred: Any, sparse: bool
) -> tuple[FloatArray, NDArray[np.int64]]:
    """The predictions, and the number of the wanted class of each row."""
    _require_arrays(name, y_true, y_pred)
    p: FloatArray = host_of(predictions_of(name, y_pred))
    y = host_of(where_it_lies(name, "y_true", y_true))
    if sparse:
        return p, targets.class_numbers(name, y, p.shape)
    return p, targets.dense(name, y, p.shape).argmax(axis=-1)


def _among(name: str, p: FloatArray, classes: NDArray[np.int64], k: int) -> FloatArray:
    if whole(name, "k", k) < 1:
        raise ValueError(f"{name}: k must be 1 or more, got {k}")
    first = np.argsort(-p, axis=-1, kind="stable")[..., :k]  # of equal ones the first comes before
    return _numbers((first == classes[..., None]).any(axis=-1))


def _numbers(right: NDArray[np.bool_]) -> FloatArray:
    return right.astype(np.float32)


def _require_arrays(name: str, *given: Any) -> None:
    """TypeError for tensors without values, of which plans compute the class alone."""
    if any(isinstance(one, Symbol) for one in given):
        raise TypeError(
            f"{name}: y_true and y_pred must be arrays, got a tensor without values: give "
            f"metrics=[{name!r}] to compile"
        )
