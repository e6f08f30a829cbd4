"""Means and sums of numbers, for loops of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.metrics.base import Metric
from brasa.metrics.checks import weights_like
from brasa.ops.dispatch import where_it_lies
from brasa.there import host_of

Array = NDArray[np.float64]


class Sum(Metric):
    """``sum(w v)`` of all values.

    >>> from brasa.metrics import Sum
    >>> Sum()([1.0, 3.0, 5.0])
    9.0
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_weight(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """See some values more."""
        numbers = _numbers(self.name, values)
        if sample_weight is not None:
            numbers = numbers * weights_like(self.name, sample_weight, numbers.shape)
        self.total.assign_add(numbers.sum())

    def result(self) -> Any:
        return self.total


class Mean(Metric):
    """``sum(w v) / sum(w)`` of all values; 0 without any. Where ``v`` has axes, rows count once.

    >>> from brasa.metrics import Mean
    >>> mean = Mean()
    >>> mean.update_state([1.0, 3.0])
    >>> mean(8.0)
    4.0
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total, self.count = self.add_weight(name="total"), self.add_weight(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """See some values more."""
        numbers = _numbers(self.name, values)
        weights = np.ones(numbers.shape)
        if sample_weight is not None:
            weights = weights_like(self.name, sample_weight, numbers.shape)
        row = max(numbers[0].size if numbers.ndim else 1, 1) if numbers.size else 1
        self.total.assign_add((numbers * weights).sum() / row)
        self.count.assign_add(weights.sum() / row)

    def result(self) -> Any:
        return self.total / self.count if self.count else 0.0


def _numbers(name: str, values: Any) -> Array:
    array = np.asarray(host_of(where_it_lies(name, "values", values)))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"metric {name!r}: values must be numbers, got {array.dtype}")
    return array.astype(np.float64)
