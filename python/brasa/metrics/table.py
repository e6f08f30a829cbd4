"""All metrics by name, and what names, configs and functions stand for."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from brasa import configurable, losses
from brasa.losses import (
    Loss,
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from brasa.metrics.accuracies import (
    Accuracy,
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
from brasa.metrics.constrained import (
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from brasa.metrics.correlations import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
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
from brasa.metrics.functions import (
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
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
    OneHotIoU,
    OneHotMeanIoU,
)
from brasa.metrics.r2 import (
    R2Score,
)

METRICS: dict[str, type[Metric]] = {
    "accuracy": Accuracy,
    "auc": AUC,
    "bce": BinaryCrossentropy,
    "binary_accuracy": BinaryAccuracy,
    "binary_crossentropy": BinaryCrossentropy,
    "binary_io_u": BinaryIoU,
    "categorical_accuracy": CategoricalAccuracy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "categorical_hinge": CategoricalHinge,
    "concordance_correlation": ConcordanceCorrelation,
    "cosine_similarity": CosineSimilarity,
    "f1_score": F1Score,
    "false_negatives": FalseNegatives,
    "false_positives": FalsePositives,
    "fbeta_score": FBetaScore,
    "hinge": Hinge,
    "io_u": IoU,
    "kl_divergence": KLDivergence,
    "kld": KLDivergence,
    "log_cosh": LogCoshError,
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
    "one_hot_io_u": OneHotIoU,
    "one_hot_mean_io_u": OneHotMeanIoU,
    "pearson_correlation": PearsonCorrelation,
    "poisson": Poisson,
    "precision": Precision,
    "precision_at_recall": PrecisionAtRecall,
    "r2_score": R2Score,
    "recall": Recall,
    "recall_at_precision": RecallAtPrecision,
    "root_mean_squared_error": RootMeanSquaredError,
    "sensitivity_at_specificity": SensitivityAtSpecificity,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "specificity_at_sensitivity": SpecificityAtSensitivity,
    "squared_hinge": SquaredHinge,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "true_negatives": TrueNegatives,
    "true_positives": TruePositives,
}


# What compile() takes for a class: functions of all samples, which know no symbols or no epochs.
_FUNCTIONS: dict[Any, type[Metric]] = {
    function: METRICS[function.__name__]
    for function in (
        binary_accuracy,
        binary_crossentropy,
        categorical_accuracy,
        categorical_crossentropy,
        categorical_hinge,
        concordance_correlation,
        hinge,
        kl_divergence,
        log_cosh,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
        mean_squared_logarithmic_error,
        pearson_correlation,
        poisson,
        sparse_categorical_accuracy,
        sparse_categorical_crossentropy,
        sparse_top_k_categorical_accuracy,
        squared_hinge,
        top_k_categorical_accuracy,
    )
}


def get(
    identifier: Any,
    loss: Loss | None = None,
    prediction_shape: Sequence[int | None] | None = None,
) -> Metric:
    """The metric that a name, a config, an instance or a function stands for.

    "accuracy" is chosen as in Keras: binary for one output, else sparse or categorical as the loss;
    where nothing is known of these, it is :class:`Accuracy`.
    A metric found by name is called by that name, a function of ``y_true`` and ``y_pred`` by its
    own; it returns numbers as a loss may.

    >>> from brasa import losses, metrics
    >>> metrics.get("accuracy", losses.get("sparse_categorical_crossentropy"), (None, 10))
    SparseCategoricalAccuracy(name='accuracy')
    >>> metrics.get("mae")
    MeanAbsoluteError(name='mae')
    """
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if inspect.isfunction(identifier) and identifier in _FUNCTIONS:
        return _FUNCTIONS[identifier](name=identifier.__name__)
    if callable(identifier) and not isinstance(identifier, (Metric, type)):
        return MeanMetricWrapper(identifier)
    by_name = isinstance(identifier, str)
    chosen: type[Metric] = Accuracy
    if by_name and loss is not None and prediction_shape is not None:
        chosen = _accuracy(loss, prediction_shape)
    accuracy = dict.fromkeys(("accuracy", "acc"), chosen)
    table = {**accuracy, **METRICS, **accuracy}  # the first ones in the order of the names
    metric = configurable.resolve("metric", identifier, Metric, table)
    if by_name:
        metric.name = identifier
    return metric


def _accuracy(loss: Loss, prediction_shape: Sequence[int | None]) -> type[Metric]:
    if prediction_shape[-1] == 1:
        return BinaryAccuracy
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        return SparseCategoricalAccuracy
    return CategoricalAccuracy


serialize = configurable.serialize


def deserialize(config: Any, custom_objects: Any = None) -> Metric:
    """The metric that ``serialize`` described.

    ``custom_objects`` are classes of the user's own, by name.

    Raises:
        ValueError: ``config`` is no description, or of an unknown class. TypeError:
            ``custom_objects`` is no dictionary of classes.

    >>> from brasa import metrics
    >>> metrics.deserialize(metrics.serialize(metrics.AUC(name="area"))).name
    'area'
    """
    classes = {**configurable.made_by(METRICS), "Mean": Mean, "Sum": Sum}
    made: Metric = configurable.deserialize("metric", config, classes, custom_objects)
    return made
