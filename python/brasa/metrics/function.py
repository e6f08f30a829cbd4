"""Functions as metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brasa import targets
from brasa.graph.symbol import Symbol
from brasa.losses.own import mean_of, values_of
from brasa.metrics.base import Metric, by_weights
from brasa.ops.dispatch import floats, where_it_lies
from brasa.there import host_of


class FunctionMetric(Metric):
    """A function of ``y_true`` and ``y_pred`` that returns numbers as a loss may."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(getattr(function, "__name__", type(function).__name__))
        self.function = function

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.numbers_or_classes(self.name, y, shape)

    def record(self, predictions: Symbol, target: Symbol, mask: Symbol | None = None) -> Symbol:
        what = f"metric {self.name!r}"
        values = values_of(what, self.function, target, predictions)
        weight = None if mask is None else mask.graph.add("mask_weights", [mask, None])[0]
        result: Symbol = mean_of(what, values, weight, mask is not None)
        return result

    def _weighed(
        self, predictions: Symbol, target: Symbol, weight: Symbol
    ) -> tuple[Symbol, Symbol]:
        what = f"metric {self.name!r}"
        values = values_of(what, self.function, target, predictions)
        return by_weights(mean_of(what, values, weight, masked=False), weight)

    def __call__(self, y_true: Any, y_pred: Any) -> float:
        predictions = host_of(floats(self.name, "y_pred", y_pred))
        target = self.prepare(
            host_of(where_it_lies(self.name, "y_true", y_true)), predictions.shape
        )
        what = f"metric {self.name!r}"
        values = values_of(what, self.function, target, predictions)
        return float(mean_of(what, values, None, False).item())

    @property
    def custom_name(self) -> str | None:
        return self.name
