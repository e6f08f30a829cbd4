"""What all metrics have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from brasa import ops, targets
from brasa.configurable import Configurable
from brasa.graph.symbol import Symbol
from brasa.ops.dispatch import floats, run, where_it_lies
from brasa.there import host_of

if TYPE_CHECKING:
    from typing_extensions import Self  # typing has it from Python 3.11 on

# Far below any mean of weights, and far above what float32 cannot divide by.
_LEAST = 1e-30


class Metric(Configurable):
    """Base class: a value of one batch, averaged over the samples of an epoch.

    Of sequences every step counts, or those that a mask leaves; sample weights matter where it was
    given to ``compile`` as one of ``weighted_metrics``.
    A metric of something else than samples says of how much of it: see :meth:`counted`.

    Subclasses say which op computes the value, with which attributes, and check the targets.
    """

    op: ClassVar[str]
    default_name: ClassVar[str]

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        if hasattr(cls, "update_state"):
            raise TypeError(
                f"{cls.__name__}: no metric here has an update_state(): one of your own is a "
                "function of y_true and y_pred made of brasa.ops, given to compile(metrics=[...])"
            )
        return super().__new__(cls, *arguments, **options)

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


class DenseMetric(Metric):
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


def by_weights(mean: Symbol, weight: Symbol) -> tuple[Symbol, Symbol]:
    """From the mean of values times weights: the mean by the weights, and their sum.

    Without any weight 0, so that adding it to running totals changes nothing.
    """
    rows = ops.reshape(weight, (-1, 1))
    # All of them are right, and each counts as often as it weighs.
    _, total = weight.graph.add("accuracy", [rows, None, rows, weight], {"binary": True})
    return ops.divide(mean, ops.maximum(ops.mean(weight), _LEAST)), total
