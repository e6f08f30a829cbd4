"""Functions as metrics: yours, and those of losses that are made of ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from brasa import losses, targets
from brasa.graph.symbol import Symbol
from brasa.losses.own import mean_of, values_of
from brasa.metrics.in_plan import PlanMetric, by_weights, by_weights_now, require_numbers
from brasa.there import host_of

if TYPE_CHECKING:
    from typing_extensions import Self  # typing has it from Python 3.11 on


class MeanMetricWrapper(PlanMetric):
    """The mean of what a function of ``y_true`` and ``y_pred`` gives, as a loss may.

    Args:
        fn: Made of ``brasa.ops`` and operators; one number for each sample or step.
        name: What logs call it. Default: the function's name.
        dtype: As Keras has it.
        **arguments: More arguments of ``fn``.

    >>> from brasa import metrics, ops
    >>> def off(y_true, y_pred, by):
    ...     return by * ops.mean(ops.abs(y_true - y_pred), axis=-1)
    >>> metrics.MeanMetricWrapper(off, by=2.0)([[1.0], [2.0]], [[0.0], [0.0]])
    3.0
    """

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        # What the function takes is not known before it is called.
        return super().__new__(cls, *arguments, **({} if cls is MeanMetricWrapper else options))

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: Any = None,
        **arguments: Any,
    ) -> None:
        if not callable(fn):
            raise TypeError(f"{type(self).__name__}: fn must be a function, got {fn!r}")
        named = getattr(fn, "__name__", type(fn).__name__)
        super().__init__(named if name is None else name, dtype)
        self.function, self.arguments = fn, arguments

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.numbers_or_classes(self.name, y, shape)

    def record(self, predictions: Symbol, target: Symbol, mask: Symbol | None = None) -> Symbol:
        weight = None if mask is None else mask.graph.add("mask_weights", [mask, None])[0]
        result: Symbol = self._mean(predictions, target, weight, mask is not None)
        return result

    def _weighed(
        self, predictions: Symbol, target: Symbol, weight: Symbol
    ) -> tuple[Symbol, Symbol]:
        return by_weights(self._mean(predictions, target, weight, False), weight)

    def _judge(self, predictions: Any, target: Any, weight: Any) -> tuple[float, float]:
        mean = self._mean(host_of(predictions), host_of(target), weight, False)
        return by_weights_now(mean, weight, predictions.shape[:-1])

    def _mean(self, predictions: Any, target: Any, weight: Any, masked: bool) -> Any:
        what = f"metric {self.name!r}"
        return mean_of(what, values_of(what, self._values, target, predictions), weight, masked)

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        return self.function(y_true, y_pred, **self.arguments)

    @property
    def custom_name(self) -> str | None:
        return self.name

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}


class OfFunction(MeanMetricWrapper):
    """A metric that is a function of brasa.losses."""

    own: ClassVar[Callable[..., Any]]

    def __init__(self, name: str | None = None, dtype: Any = None, **arguments: Any) -> None:
        name = self.default_name if name is None else name
        super().__init__(type(self).own, name, dtype, **arguments)

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.dense(self.name, y, shape)

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        require_numbers(self.name, y_true)
        return super()._values(y_true, y_pred)

    @property
    def custom_name(self) -> str | None:
        return super(MeanMetricWrapper, self).custom_name


class MeanAbsolutePercentageError(OfFunction):
    """``100 mean(|t - z| / max(|t|, 1e-7))``.

    >>> from brasa import metrics
    >>> round(metrics.MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 5.0]]), 4)
    37.5
    """

    default_name = "mean_absolute_percentage_error"
    of_elements = True
    own = losses.mean_absolute_percentage_error


class MeanSquaredLogarithmicError(OfFunction):
    """``mean((log(1 + z) - log(1 + t))^2)``.

    >>> from brasa import metrics
    >>> round(metrics.MeanSquaredLogarithmicError()([[0.0, 3.0]], [[1.0, 3.0]]), 4)
    0.2402
    """

    default_name = "mean_squared_logarithmic_error"
    of_elements = True
    own = losses.mean_squared_logarithmic_error


class LogCoshError(OfFunction):
    """``mean(log(cosh(z - t)))``.

    >>> from brasa import metrics
    >>> round(metrics.LogCoshError()([[0.0, 0.0]], [[1.0, -1.0]]), 4)
    0.4338
    """

    default_name = "logcosh"
    of_elements = True
    own = losses.log_cosh


class CosineSimilarity(OfFunction):
    """``mean(sum(t z) / (|t| |z|))``: 1 for one direction. The loss has the other sign.

    >>> from brasa.metrics import CosineSimilarity
    >>> round(CosineSimilarity()([[0.0, 2.0]], [[1.0, 1.0]]), 4)
    0.7071
    """

    default_name = "cosine_similarity"
    own = losses.cosine_similarity

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype, axis=axis)

    def finish(self, mean: float) -> float:
        return -mean


class KLDivergence(OfFunction):
    """``mean_i sum_j t[i, j] log(t[i, j] / p[i, j])``, both clipped to [1e-7, 1].

    >>> from brasa import metrics
    >>> round(metrics.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 4)
    0.1438
    """

    default_name = "kl_divergence"
    own = losses.kl_divergence


class Poisson(OfFunction):
    """``mean(z - t log(z + 1e-7))``.

    >>> from brasa import metrics
    >>> round(metrics.Poisson()([[2.0, 0.0]], [[2.0, 1.0]]), 4)
    0.8069
    """

    default_name = "poisson"
    of_elements = True
    own = losses.poisson


class Hinge(OfFunction):
    """``mean(max(1 - t z, 0))``; targets 0 and 1 stand for -1 and 1.

    >>> from brasa import metrics
    >>> round(metrics.Hinge()([[0.0, 1.0]], [[-0.5, 3.0]]), 4)
    0.25
    """

    default_name = "hinge"
    of_elements = True
    own = losses.hinge


class SquaredHinge(OfFunction):
    """``mean(max(1 - t z, 0)^2)``; targets 0 and 1 stand for -1 and 1.

    >>> from brasa import metrics
    >>> round(metrics.SquaredHinge()([[0.0, 1.0]], [[-0.5, 3.0]]), 4)
    0.125
    """

    default_name = "squared_hinge"
    of_elements = True
    own = losses.squared_hinge


class CategoricalHinge(OfFunction):
    """``mean(max(1 + max_j (1 - t_j) z_j - sum_j t_j z_j, 0))`` for one-hot rows t.

    >>> from brasa import metrics
    >>> round(metrics.CategoricalHinge()([[0.0, 1.0]], [[0.4, 0.6]]), 4)
    0.8
    """

    default_name = "categorical_hinge"
    own = losses.categorical_hinge
