"""How far predictions are off, and metrics that are losses. Contract of the op: csrc/ops/loss.h."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from brasa import losses
from brasa.graph.symbol import Symbol
from brasa.losses import Loss
from brasa.metrics.in_plan import PlanMetric, by_weights, by_weights_now, require_numbers
from brasa.ops.dispatch import run


class OfLoss(PlanMetric):
    """A metric that is a loss of one op."""

    op = "loss"
    loss: Loss
    takes_classes: ClassVar[bool] = False

    @property
    def attributes(self) -> dict[str, Any]:
        return self.loss.attributes  # type: ignore[attr-defined, no-any-return]

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return self.loss.prepare(y, shape)

    def _operands(self, predictions: Any, target: Any) -> list[Any]:
        if not self.takes_classes:
            require_numbers(self.name, target)
        return self.loss.operands(predictions, target)  # type: ignore[attr-defined, no-any-return]

    def _weighed(
        self, predictions: Symbol, target: Symbol, weight: Symbol
    ) -> tuple[Symbol, Symbol]:
        operands = [*self._operands(predictions, target), weight]
        return by_weights(weight.graph.add(self.op, operands, self.attributes)[0], weight)

    def _judge(self, predictions: Any, target: Any, weight: Any) -> tuple[float, float]:
        operands = [*self._operands(predictions, target), weight]
        mean = run(self.op, operands, self.attributes)[0]
        return by_weights_now(mean, weight, predictions.shape[:-1])

    def _last_operand(self, mask: Symbol | None) -> Symbol | None:
        return None if mask is None else mask.graph.add("mask_weights", [mask, None])[0]


class MeanAbsoluteError(OfLoss):
    """``mean(|t - z|)``.

    >>> from brasa.metrics import MeanAbsoluteError
    >>> MeanAbsoluteError()([[1.0, 1.0]], [[1.0, 4.0]])
    1.5
    """

    default_name = "mean_absolute_error"
    of_elements = True
    loss = losses.MeanAbsoluteError()


class MeanSquaredError(OfLoss):
    """``mean((t - z)^2)``.

    >>> from brasa.metrics import MeanSquaredError
    >>> MeanSquaredError()([[1.0, 1.0]], [[1.0, 3.0]])
    2.0
    """

    default_name = "mean_squared_error"
    of_elements = True
    loss = losses.MeanSquaredError()


class RootMeanSquaredError(OfLoss):
    """``sqrt(mean((t - z)^2))``, of an epoch the root of the mean over all its samples.

    >>> from brasa.metrics import RootMeanSquaredError
    >>> RootMeanSquaredError()([[1.0], [1.0]], [[4.0], [-2.0]])
    3.0
    """

    default_name = "root_mean_squared_error"
    of_elements = True
    loss = losses.MeanSquaredError()

    def finish(self, mean: float) -> float:
        return math.sqrt(mean)


class _CrossEntropy(OfLoss):
    def __init__(self, name: str | None, dtype: Any, loss: Loss) -> None:
        super().__init__(name, dtype)
        self.loss = loss

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.loss.get_config()}


class _Smoothed(_CrossEntropy):
    kind: ClassVar[type[Loss]]

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(name, dtype, self.kind(**arguments))  # type: ignore[arg-type]


class BinaryCrossentropy(_Smoothed):
    """The loss :class:`~brasa.losses.BinaryCrossentropy` of all samples, as a metric.

    >>> from brasa.metrics import BinaryCrossentropy
    >>> round(BinaryCrossentropy()([1.0], [[0.5]]), 4)
    0.6931
    """

    default_name = "binary_crossentropy"
    of_elements = True
    kind = losses.BinaryCrossentropy


class CategoricalCrossentropy(_Smoothed):
    """The loss :class:`~brasa.losses.CategoricalCrossentropy` of all samples, as a metric.

    >>> from brasa.metrics import CategoricalCrossentropy
    >>> round(CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]]), 4)
    0.6931
    """

    default_name = "categorical_crossentropy"
    kind = losses.CategoricalCrossentropy


class SparseCategoricalCrossentropy(_CrossEntropy):
    """The loss :class:`~brasa.losses.SparseCategoricalCrossentropy` of all samples, as a metric.

    >>> from brasa.metrics import SparseCategoricalCrossentropy
    >>> round(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]), 4)
    0.6931
    """

    default_name = "sparse_categorical_crossentropy"
    takes_classes = True

    def __init__(
        self, name: str | None = None, dtype: Any = None, from_logits: bool = False
    ) -> None:
        super().__init__(name, dtype, losses.SparseCategoricalCrossentropy(from_logits))
