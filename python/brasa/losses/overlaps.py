"""Losses of masks: how little of what is predicted and what is there lies over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.losses.of_functions import EPSILON, LossOfFunction, operands_of
from brasa.losses.reductions import MEAN
from brasa.ops.arguments import number, whole
from brasa.ops.dispatch import Tensor

Axes = int | Sequence[int] | None


def dice(y_true: Any, y_pred: Any, axis: Axes = None) -> Tensor:
    """``1 - 2 sum(t p) / (sum t + sum p + 1e-7)`` over the axes; one number by default.

    >>> from brasa import losses
    >>> float(losses.dice([[1.0, 0.0]], [[0.5, 0.5]]))
    0.5
    """
    t, p = operands_of("dice", y_true, y_pred)
    both = ops.sum(t * p, axis=axis)
    total = ops.sum(t, axis=axis) + ops.sum(p, axis=axis) + EPSILON
    return 1.0 - ops.divide(2.0 * both, total)


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axes = None
) -> Tensor:
    """``1 - s / (s + alpha m + beta f + 1e-7)``: hits ``s = sum(t p)``, missed, false.

    ``m = sum(t (1 - p))`` is there and not predicted, ``f = sum((1 - t) p)`` the reverse. The
    factors stand as in Keras: ``alpha`` weighs what is missed.

    >>> from brasa import losses
    >>> round(float(losses.tversky([[1.0, 0.0]], [[0.5, 0.5]])), 4)
    0.5
    """
    t, p = operands_of("tversky", y_true, y_pred)
    both = ops.sum(t * p, axis=axis)
    missed, false = ops.sum(t * (1.0 - p), axis=axis), ops.sum((1.0 - t) * p, axis=axis)
    return 1.0 - ops.divide(both, both + alpha * missed + beta * false + EPSILON)


def _axes(owner: str, axis: Axes) -> Axes:
    if axis is None or isinstance(axis, int):
        return axis
    return [whole(owner, "axis", one) for one in axis]


class Dice(LossOfFunction):
    """``loss = 1 - 2 sum(t p) / (sum t + sum p + 1e-7)``, over the whole batch by default.

    Shapes:
        predictions (N, ...) in [0, 1], y likewise

    Args:
        axis: The axes of the sums, such as ``(1, 2, 3)`` for one number for each image, which
            ``sample_weight`` then weighs. Default None: all.
        reduction, name, dtype: See :class:`Loss`.

    >>> from brasa.losses import Dice
    >>> Dice()([[1.0, 0.0]], [[0.5, 0.5]])
    0.5
    """

    name = "dice"
    function = dice

    def __init__(
        self,
        reduction: str | None = MEAN,
        name: str | None = None,
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=_axes("Dice", axis))


class Tversky(LossOfFunction):
    """``loss = 1 - s / (s + alpha m + beta f + 1e-7)``: Dice where both factors are 0.5.

    ``s = sum(t p)`` is hit, ``m = sum(t (1 - p))`` missed, ``f = sum((1 - t) p)`` false.

    Shapes:
        predictions (N, ...) in [0, 1], y likewise

    Args:
        alpha: Factor of what is missed. Default 0.5.
        beta: Factor of what is false. Default 0.5.
        axis: The axes of the sums; see :class:`Dice`.
        reduction, name, dtype: See :class:`Loss`.

    Source: Salehi et al., Tversky loss function for image segmentation (2017).

    >>> from brasa.losses import Tversky
    >>> round(Tversky()([[1.0, 0.0]], [[0.5, 0.5]]), 4)
    0.5
    """

    name = "tversky"
    function = tversky

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = MEAN,
        name: str | None = None,
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        factors = {"alpha": number("Tversky", "alpha", alpha)}
        factors["beta"] = number("Tversky", "beta", beta)
        super().__init__(reduction, name, dtype, **factors, axis=_axes("Tversky", axis))
