"""Losses between distributions, and of counts."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.losses.of_functions import EPSILON, LossOfFunction, operands_of
from brasa.ops.dispatch import Tensor


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """``sum_j t_j log(t_j / p_j)`` over the last axis, both clipped to [1e-7, 1].

    >>> from brasa import losses
    >>> losses.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
    array([0.1438], dtype=float32)
    """
    t, p = (ops.clip(each, EPSILON, 1.0) for each in operands_of("kl_divergence", y_true, y_pred))
    return ops.sum(t * ops.log(t / p), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(z - t log(z + 1e-7))`` over the last axis, for counts t and their mean z.

    >>> from brasa import losses
    >>> losses.poisson([[2.0]], [[1.0]]).round(4)
    array([1.], dtype=float32)
    """
    t, z = operands_of("poisson", y_true, y_pred)
    return ops.mean(z - t * ops.log(z + EPSILON), axis=-1)


class KLDivergence(LossOfFunction):
    """``loss = mean_i sum_j t[i, j] log(t[i, j] / p[i, j])``, both clipped to [1e-7, 1].

    Shapes:
        predictions and y (N, ..., C), rows of probabilities

    >>> from brasa.losses import KLDivergence
    >>> round(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 4)
    0.1438
    """

    name = "kl_divergence"
    function = kl_divergence


class Poisson(LossOfFunction):
    """``loss = mean(z - t log(z + 1e-7))``: counts t, whose mean z is predicted.

    Shapes:
        predictions (N, ...) > 0, y likewise; (N,) is accepted for (N, 1)

    >>> from brasa.losses import Poisson
    >>> round(Poisson()([[2.0]], [[1.0]]), 4)
    1.0
    """

    name = "poisson"
    function = poisson
