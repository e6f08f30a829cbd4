"""What is watched in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import configurable, losses
from brasa.losses import Loss
from brasa.metrics.accuracies import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from brasa.metrics.auc import (
    AUC,
)
from brasa.metrics.base import (
    Metric,
)
from brasa.metrics.counts import (
    FalseNegatives,
    FalsePositives,
    TrueNegatives,
    TruePositives,
)
from brasa.metrics.errors import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanAbsoluteError,
    MeanSquaredError,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
)
from brasa.metrics.fscore import (
    F1Score,
    FBetaScore,
)
from brasa.metrics.function import (
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsolutePercentageError,
    MeanMetricWrapper,
    MeanSquaredLogarithmicError,
    Poisson,
    SquaredHinge,
)
from brasa.metrics.hits import (
    Precision,
    Recall,
)
from brasa.metrics.means import (
    Mean,
    Sum,
)
from brasa.metrics.overlaps import (
    BinaryIoU,
    IoU,
    MeanIoU,
    OneHotMeanIoU,
)
from brasa.metrics.r2 import (
    R2Score,
)

__all__ = [
    "AUC",
    "METRICS",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotMeanIoU",
    "Poisson",
    "Precision",
    "R2Score",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "get",
    "serialize",
]

METRICS: dict[str, type[Metric]] = {
    "auc": AUC,
    "bce": BinaryCrossentropy,
    "binary_accuracy": BinaryAccuracy,
    "binary_crossentropy": BinaryCrossentropy,
    "binary_io_u": BinaryIoU,
    "categorical_accuracy": CategoricalAccuracy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "categorical_hinge": CategoricalHinge,
    "cosine_similarity": CosineSimilarity,
    "f1_score": F1Score,
    "false_negatives": FalseNegatives,
    "false_positives": FalsePositives,
    "fbeta_score": FBetaScore,
    "hinge": Hinge,
    "io_u": IoU,
    "kl_divergence": KLDivergence,
    "kld": KLDivergence,
    "log_cosh_error": LogCoshError,
    "logcosh": LogCoshError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "mean_io_u": MeanIoU,
    "mean_squared_error": MeanSquaredError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
    "one_hot_mean_io_u": OneHotMeanIoU,
    "poisson": Poisson,
    "precision": Precision,
    "r2_score": R2Score,
    "recall": Recall,
    "root_mean_squared_error": RootMeanSquaredError,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "squared_hinge": SquaredHinge,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "true_negatives": TrueNegatives,
    "true_positives": TruePositives,
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
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if callable(identifier) and not isinstance(identifier, (Metric, type)):
        return MeanMetricWrapper(identifier)
    accuracy = dict.fromkeys(("accuracy", "acc"), _accuracy(loss, prediction_shape))
    metric = configurable.resolve("metric", identifier, Metric, {**accuracy, **METRICS})
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


def _accuracy(loss: Loss, prediction_shape: Sequence[int | None]) -> type[Metric]:
    if prediction_shape[-1] == 1:
        return BinaryAccuracy
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        return SparseCategoricalAccuracy
    return CategoricalAccuracy


serialize = configurable.serialize
