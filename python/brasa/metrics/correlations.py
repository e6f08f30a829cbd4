"""How well predictions go with targets: correlations, as functions and as metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.losses.of_functions import EPSILON, operands_of
from brasa.metrics.function import OfFunction
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor

Axes = int | Sequence[int]


def pearson_correlation(y_true: Any, y_pred: Any, axis: Axes = -1) -> Tensor:
    """``mean((t - mean t)(z - mean z)) / (std t std z)`` along an axis; NaN of what is constant.

    >>> from brasa import metrics
    >>> metrics.pearson_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]]).round(4)
    array([1.], dtype=float32)
    """
    return _along(axis, _pearson("pearson_correlation", y_true, y_pred, axis))


def concordance_correlation(y_true: Any, y_pred: Any, axis: Axes = -1) -> Tensor:
    """``2 cov(t, z) / (var t + var z + (mean t - mean z)^2 + 1e-7)`` along an axis.

    >>> from brasa import metrics
    >>> metrics.concordance_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]]).round(4)
    array([0.9756], dtype=float32)
    """
    return _along(axis, _concordance("concordance_correlation", y_true, y_pred, axis))


def _pearson(op: str, y_true: Any, y_pred: Any, axis: Axes) -> Any:
    t, z = (_centred(each, axis)[0] for each in operands_of(op, y_true, y_pred))
    t, z = (ops.divide(each, ops.sqrt(_mean(ops.square(each), axis))) for each in (t, z))
    return _mean(t * z, axis)


def _concordance(op: str, y_true: Any, y_pred: Any, axis: Axes) -> Any:
    (t, of_t), (z, of_z) = (_centred(each, axis) for each in operands_of(op, y_true, y_pred))
    spread = _mean(ops.square(t), axis) + _mean(ops.square(z), axis) + ops.square(of_t - of_z)
    return ops.divide(2.0 * _mean(t * z, axis), spread + EPSILON)


def _centred(x: Any, axis: Axes) -> tuple[Any, Any]:
    """``x`` without its mean, and that."""
    mean = _mean(x, axis)
    return x - mean, mean


def _mean(x: Any, axis: Axes) -> Any:
    return ops.mean(x, axis=axis, keepdims=True)


def _along(axis: Axes, values: Any) -> Any:
    """The values without the axes that they are of."""
    return ops.mean(values, axis=axis)


class _Correlation(OfFunction):
    """The mean of a correlation. Not along the last axis, it is one number of a sample or batch."""

    def __init__(self, name: str | None = None, dtype: Any = None, axis: Axes = -1) -> None:
        owner = type(self).__name__
        several = isinstance(axis, (list, tuple))
        axes = [whole(owner, "axis", one) for one in axis] if several else axis  # type: ignore[union-attr]
        super().__init__(name, dtype, axis=axes if several else whole(owner, "axis", axis))

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        rank = len(y_pred.shape)
        axis = self.arguments["axis"]
        axes = {one % rank for one in (axis if isinstance(axis, list) else [axis])}
        values = super()._values(y_true, y_pred)
        behind = range(min(axes), rank - len(axes))  # what is left of the axes after the first
        return ops.mean(values, axis=list(behind)) if behind else values


class PearsonCorrelation(_Correlation):
    """The mean correlation of rows: ``cov(t, z) / (std t std z)``; NaN where one is constant.

    Shapes:
        predictions and y (N, ..., C)

    Args:
        name: What logs call it. Default "pearson_correlation".
        dtype: As Keras has it.
        axis: Along which it is computed, one or several. Default -1; 0 for that of a batch's
            samples, whose means over the batches are told, and which nothing can weigh.

    >>> from brasa.metrics import PearsonCorrelation
    >>> y, p = [[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]]
    >>> round(PearsonCorrelation()(y, p), 4)
    0.9967
    """

    default_name = "pearson_correlation"
    own = pearson_correlation


class ConcordanceCorrelation(_Correlation):
    """The mean of ``2 cov(t, z) / (var t + var z + (mean t - mean z)^2)``: 1 where all are met.

    Shapes and arguments: see :class:`PearsonCorrelation`.

    >>> from brasa.metrics import ConcordanceCorrelation
    >>> y, p = [[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]]
    >>> round(ConcordanceCorrelation()(y, p), 4)
    0.9816
    """

    default_name = "concordance_correlation"
    own = concordance_correlation
