"""What is watched in training. Contract of the op ``accuracy``: csrc/ops/metric.h."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from brasa import configurable, targets
from brasa.configurable import Configurable
from brasa.graph.symbol import Symbol
from brasa.losses import Loss, SparseCategoricalCrossentropy
from brasa.ops.arguments import number
from brasa.ops.dispatch import floats, run, where_it_lies
from brasa.there import host_of


class Metric(Configurable):
    """Base class: a value of one batch, averaged over the samples of an epoch.

    Of sequences every step counts, or those that a mask leaves; sample weights do not matter.

    Subclasses say which op computes the value, with which attributes, and check the targets.
    """

    op: ClassVar[str]
    default_name: ClassVar[str]

    def __init__(self, name: str | None = None) -> None:
        if not isinstance(name, (str, type(None))):
            raise TypeError(f"{type(self).__name__}: name must be a string, got {name!r}")
        self.name = self.default_name if name is None else name

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the op."""
        return {}

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        """All targets as the op takes them, checked; see :meth:`brasa.losses.Loss.prepare`."""
        raise NotImplementedError(f"{type(self).__name__} does not define prepare()")

    def record(self, predictions: Symbol, target: Symbol, mask: Symbol | None = None) -> Symbol:
        """Add the metric to the predictions' graph; returns the mean over the rows that count."""
        operands = [*self._operands(predictions, target), self._last_operand(mask)]
        return predictions.graph.add(self.op, operands, self.attributes)[0]

    def __call__(self, y_true: Any, y_pred: Any) -> float:
        """The metric of arrays, now."""
        predictions = floats(self.name, "y_pred", y_pred)
        target = self.prepare(where_it_lies(self.name, "y_true", y_true), predictions.shape)
        operands = [*self._operands(predictions, target), None]
        return float(host_of(run(self.op, operands, self.attributes)[0]).item())

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    def _operands(self, predictions: Any, target: Any) -> list[Any]:
        return targets.operands(predictions, target)

    def _last_operand(self, mask: Symbol | None) -> Symbol | None:
        return mask


class _DenseMetric(Metric):
    """A metric whose target has the predictions' shape."""

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.dense(self.name, y, shape)

    def _operands(self, predictions: Any, target: Any) -> list[Any]:
        if target.dtype == "int32":
            raise ValueError(
                f"metric {self.name!r} compares numbers, but the loss takes class numbers: "
                "use 'accuracy', or another loss"
            )
        return super()._operands(predictions, target)


class SparseCategoricalAccuracy(Metric):
    """Share of rows whose largest prediction is that of the class number. Ties: the first wins.

    Shapes:
        predictions (N, ..., C), y (N, ...) whole numbers in [0, C)

    >>> from brasa.metrics import SparseCategoricalAccuracy
    >>> SparseCategoricalAccuracy()([1, 1], [[0.1, 0.9], [0.8, 0.2]])
    0.5
    """

    op = "accuracy"
    default_name = "sparse_categorical_accuracy"

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.class_numbers(self.name, y, shape)


class CategoricalAccuracy(Metric):
    """Share of rows whose largest prediction is at the largest target. Ties: the first wins.

    Shapes:
        predictions and y (N, ..., C)

    >>> from brasa.metrics import CategoricalAccuracy
    >>> CategoricalAccuracy()([[0, 1], [0, 1]], [[0.1, 0.9], [0.8, 0.2]])
    0.5
    """

    op = "accuracy"
    default_name = "categorical_accuracy"

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.dense(self.name, y, shape)


class BinaryAccuracy(_DenseMetric):
    """Share of predictions on the right side: ``mean((p > threshold) == (t > 0.5))``.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    Args:
        threshold: Where yes begins. Default 0.5; 0 for logits.

    >>> from brasa.metrics import BinaryAccuracy
    >>> BinaryAccuracy()([1, 0], [[0.9], [0.8]])
    0.5
    """

    op = "accuracy"
    default_name = "binary_accuracy"

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = number("BinaryAccuracy", "threshold", threshold)
        if not math.isfinite(self.threshold):
            raise ValueError(f"BinaryAccuracy: threshold must be finite, got {self.threshold}")

    @property
    def attributes(self) -> dict[str, Any]:
        return {"threshold": self.threshold, "binary": True}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "threshold": self.threshold}


class _OfErrors(_DenseMetric):
    """A metric that is a loss of the differences, of the default name's kind."""

    op = "loss"

    @property
    def attributes(self) -> dict[str, Any]:
        return {"kind": self.default_name}

    def _last_operand(self, mask: Symbol | None) -> Symbol | None:
        return None if mask is None else mask.graph.add("mask_weights", [mask, None])[0]


class MeanAbsoluteError(_OfErrors):
    """``mean(|t - z|)``.

    >>> from brasa.metrics import MeanAbsoluteError
    >>> MeanAbsoluteError()([[1.0, 1.0]], [[1.0, 4.0]])
    1.5
    """

    default_name = "mean_absolute_error"


class MeanSquaredError(_OfErrors):
    """``mean((t - z)^2)``.

    >>> from brasa.metrics import MeanSquaredError
    >>> MeanSquaredError()([[1.0, 1.0]], [[1.0, 3.0]])
    2.0
    """

    default_name = "mean_squared_error"


METRICS: dict[str, type[Metric]] = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
}


def get(identifier: Any, loss: Loss, prediction_shape: Sequence[int | None]) -> Metric:
    """The metric that a name, a config or an instance stands for.

    "accuracy" is chosen as in Keras: binary for one output, else sparse or categorical as the loss.
    A metric found by name is called by that name.

    >>> from brasa import losses, metrics
    >>> metrics.get("accuracy", losses.get("sparse_categorical_crossentropy"), (None, 10))
    SparseCategoricalAccuracy(name='accuracy')
    """
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
