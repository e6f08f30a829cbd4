"""How far predictions are off. Contract of the op: csrc/ops/loss.h."""

from __future__ import annotations

from typing import Any

from brasa.graph.symbol import Symbol
from brasa.metrics.base import DenseMetric, by_weights


class _OfErrors(DenseMetric):
    """A metric that is a loss of the differences, of the default name's kind."""

    op = "loss"

    @property
    def attributes(self) -> dict[str, Any]:
        return {"kind": self.default_name}

    def _weighed(
        self, predictions: Symbol, target: Symbol, weight: Symbol
    ) -> tuple[Symbol, Symbol]:
        return by_weights(super()._weighed(predictions, target, weight)[0], weight)

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
