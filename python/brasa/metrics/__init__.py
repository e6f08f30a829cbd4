"""What is watched in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import configurable
from brasa.losses import Loss, SparseCategoricalCrossentropy
from brasa.metrics.accuracies import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from brasa.metrics.base import Metric
from brasa.metrics.errors import MeanAbsoluteError, MeanSquaredError
from brasa.metrics.function import FunctionMetric
from brasa.metrics.hits import Precision, Recall

__all__ = [
    "METRICS",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "Precision",
    "Recall",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "get",
    "serialize",
]

METRICS: dict[str, type[Metric]] = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "precision": Precision,
    "recall": Recall,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
}


def get(identifier: Any, loss: Loss, prediction_shape: Sequence[int | None]) -> Metric:
    """The metric that a name, a config, an instance or a function stands for.

    "accuracy" is chosen as in Keras: binary for one output, else sparse or categorical as the loss.
    A metric found by name is called by that name, a function of ``y_true`` and ``y_pred`` by its
    own; it returns numbers as a loss may.

    >>> from brasa import losses, metrics
    >>> metrics.get("accuracy", losses.get("sparse_categorical_crossentropy"), (None, 10))
    SparseCategoricalAccuracy(name='accuracy')
    """
    if callable(identifier) and not isinstance(identifier, (Metric, type)):
        return FunctionMetric(identifier)
    accuracy = dict.fromkeys(("accuracy", "acc"), _accuracy(loss, prediction_shape))
    metric = configurable.resolve("metric", identifier, Metric, {**accuracy, **METRICS})
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


def _accuracy(loss: Loss, prediction_shape: Sequence[int | None]) -> type[Metric]:
    if prediction_shape[-1] == 1:
        return BinaryAccuracy
    if isinstance(loss, SparseCategoricalCrossentropy):
        return SparseCategoricalAccuracy
    return CategoricalAccuracy


serialize = configurable.serialize
