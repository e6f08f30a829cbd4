"""Hinge losses: right by a margin of 1 costs nothing."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.losses.of_functions import LossOfFunction, operands_of
from brasa.ops.dispatch import Tensor

# Makes 1 or more of the least difference that float32 can tell from 0 or from 1.
_ANY = 1e38


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(max(1 - t z, 0))`` over the last axis; targets 0 and 1 stand for -1 and 1.

    >>> from brasa import losses
    >>> losses.hinge([[0.0, 1.0]], [[-2.0, 0.5]])
    array([0.25], dtype=float32)
    """
    return ops.mean(_short_of("hinge", y_true, y_pred), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(max(1 - t z, 0)^2)`` over the last axis; targets 0 and 1 stand for -1 and 1.

    >>> from brasa import losses
    >>> losses.squared_hinge([[0.0, 1.0]], [[-2.0, 0.5]])
    array([0.125], dtype=float32)
    """
    return ops.mean(ops.square(_short_of("squared_hinge", y_true, y_pred)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """``max(1 + max((1 - t) z) - sum(t z), 0)`` over the last axis, for one-hot t.

    >>> from brasa import losses
    >>> losses.categorical_hinge([[0.0, 1.0]], [[0.25, 0.75]])
    array([0.5], dtype=float32)
    """
    t, z = operands_of("categorical_hinge", y_true, y_pred)
    wanted, others = ops.sum(t * z, axis=-1), ops.max((1.0 - t) * z, axis=-1)
    return ops.maximum(others - wanted + 1.0, 0.0)


def _short_of(op: str, y_true: Any, y_pred: Any) -> Any:
    t, z = operands_of(op, y_true, y_pred)
    return ops.maximum(1.0 - _signs(t) * z, 0.0)


def _signs(t: Any) -> Any:
    """``2 t - 1`` where all of ``t`` is 0 or 1, else ``t``; without a branch, as plans have none.

    The 1 in ``t + 1 * (t - 1)`` is 0 as soon as one target lies off both.
    """
    off = ops.max(ops.minimum(ops.abs(t), ops.abs(t - 1.0)))
    return t + (1.0 - ops.minimum(off * _ANY, 1.0)) * (t - 1.0)


class Hinge(LossOfFunction):
    """``loss = mean(max(1 - t z, 0))``, t in {-1, 1}; 0 and 1 stand for these.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    >>> from brasa.losses import Hinge
    >>> Hinge()([[0.0, 1.0]], [[-2.0, 0.5]])
    0.25
    """

    name = "hinge"
    function = hinge


class SquaredHinge(LossOfFunction):
    """``loss = mean(max(1 - t z, 0)^2)``, t in {-1, 1}; 0 and 1 stand for these.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    >>> from brasa.losses import SquaredHinge
    >>> SquaredHinge()([[0.0, 1.0]], [[-2.0, 0.5]])
    0.125
    """

    name = "squared_hinge"
    function = squared_hinge


class CategoricalHinge(LossOfFunction):
    """``loss = mean(max(1 + max_j (1 - t_j) z_j - sum_j t_j z_j, 0))`` for one-hot rows t.

    Shapes:
        predictions and y (N, ..., C)

    >>> from brasa.losses import CategoricalHinge
    >>> CategoricalHinge()([[0.0, 1.0]], [[0.25, 0.75]])
    0.5
    """

    name = "categorical_hinge"
    function = categorical_hinge
