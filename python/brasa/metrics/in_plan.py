"""Metrics that plans compute, as means of what the samples of a batch give."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from brasa import ops, targets
from brasa.graph.symbol import Symbol
from brasa.metrics.base import Metric
from brasa.metrics.checks import in_columns, predictions_of, row_weights
from brasa.ops.dispatch import run, where_it_lies
from brasa.there import host_of

# Far below any mean of weights, and far above what float32 cannot divide by.
_LEAST = 1e-30


class PlanMetric(Metric):
    """Base class: a value of one batch, averaged over the samples of an epoch.

    Of sequences every step counts, or those that a mask leaves; sample weights matter where it was
    given to ``compile`` as one of ``weighted_metrics``.
    A metric of something else than samples says of how much of it: see :meth:`counted`.

    Subclasses say which op computes the value, with which attributes, and check the targets. One
    that has an ``update_state`` or a ``result`` of its own is computed by these.
    """

    op: ClassVar[str]
    # Whether each element is judged by itself, so that one number for each sample is a column.
    of_elements: ClassVar[bool] = False

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.count = 0.0

    @property
    def in_plan(self) -> bool:
        own = type(self)
        return (own.update_state, own.result) == (PlanMetric.update_state, PlanMetric.result)

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the op."""
        return {}

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        """All targets as the op takes them, checked; see :meth:`brasa.losses.Loss.prepare`."""
        raise NotImplementedError(f"{type(self).__name__} does not define prepare()")

    # ---- in a plan -------------------------------------------------------------------------

    def record(self, predictions: Symbol, target: Symbol, mask: Symbol | None = None) -> Symbol:
        """Add the metric to the predictions' graph; returns the mean over the rows that count."""
        operands = [*self._operands(predictions, target), self._last_operand(mask)]
        return predictions.graph.add(self.op, operands, self.attributes)[0]

    def record_weighted(
        self, predictions: Symbol, target: Symbol, weight: Symbol, mask: Symbol | None = None
    ) -> tuple[Symbol, Symbol]:
        """The same by weights of the rows, and the sum of the weights of what was judged."""
        if mask is not None:
            weight = weight.graph.add("multiply", [weight, mask])[0]
        return self._weighed(predictions, target, weight)

    def _weighed(
        self, predictions: Symbol, target: Symbol, weight: Symbol
    ) -> tuple[Symbol, Symbol]:
        operands = [*self._operands(predictions, target), weight]
        value, counted = weight.graph.add(self.op, operands, self.attributes)
        return value, counted

    def counted(self, value: Symbol, steps: Symbol | None) -> Symbol | None:
        """What ``value`` is the mean of: ``steps`` that the mask leaves; None: all samples."""
        return steps

    # ---- on arrays -------------------------------------------------------------------------

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """See one batch more; weights are those of the samples, or of their steps."""
        predictions = predictions_of(self.name, y_pred)
        y_true = where_it_lies(self.name, "y_true", y_true)
        if self.of_elements:
            y_true, predictions = in_columns(y_true, predictions)
        target = self.prepare(y_true, predictions.shape)
        weight = None
        if sample_weight is not None:
            weight = row_weights(self.name, sample_weight, predictions.shape[:-1])
        mean, count = self._judge(predictions, target, weight)
        self.total += mean * count if count else 0.0
        self.count += count

    def _judge(self, predictions: Any, target: Any, weight: Any) -> tuple[float, float]:
        """The mean of a batch, and of how much it is that."""
        operands = [*self._operands(predictions, target), weight]
        value, counted = (host_of(each) for each in run(self.op, operands, self.attributes))
        return float(value), float(counted)

    def finish(self, mean: float) -> float:
        """What the mean over all samples makes the metric."""
        return mean

    def result(self) -> float:
        """The value of all samples seen since the last ``reset_state()``; 0 where none was."""
        return self.finish(self.total / self.count) if self.count else 0.0

    def reset_state(self) -> None:
        super().reset_state()
        self.total = self.count = 0.0

    def _operands(self, predictions: Any, target: Any) -> list[Any]:
        return targets.operands(predictions, target)

    def _last_operand(self, mask: Symbol | None) -> Symbol | None:
        return mask


class DenseMetric(PlanMetric):
    """A metric whose target has the predictions' shape."""

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.dense(self.name, y, shape)

    def _operands(self, predictions: Any, target: Any) -> list[Any]:
        require_numbers(self.name, target)
        return super()._operands(predictions, target)


def require_numbers(name: str, target: Any) -> None:
    """ValueError where targets are class numbers."""
    if target.dtype == "int32":
        raise ValueError(
            f"metric {name!r} compares numbers, but the loss takes class numbers: "
            "use 'accuracy', or another loss"
        )


def by_weights(mean: Symbol, weight: Symbol) -> tuple[Symbol, Symbol]:
    """From the mean of values times weights: the mean by the weights, and their sum.

    Without any weight 0, so that adding it to running totals changes nothing.
    """
    rows = ops.reshape(weight, (-1, 1))
    # All of them are right, and each counts as often as it weighs.
    _, total = weight.graph.add("accuracy", [rows, None, rows, weight], {"binary": True})
    return ops.divide(mean, ops.maximum(ops.mean(weight), _LEAST)), total


def by_weights_now(mean: Any, weight: Any, rows: tuple[int, ...]) -> tuple[float, float]:
    """The same of arrays; without weights all rows count once."""
    count = math.prod(rows) if weight is None else float(weight.sum(dtype="float64"))
    value = float(host_of(mean))
    return (value, count) if weight is None else (value * math.prod(rows) / (count or 1.0), count)
