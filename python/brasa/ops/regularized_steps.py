"""Optimizer steps that know the size of the weights, in place. Contract: csrc/ops/optimizer.h."""

from __future__ import annotations

import math
from typing import Any

from brasa.arrays import FloatArray
from brasa.ops.arguments import number
from brasa.ops.optimizers import check_learning_rate, check_step
from brasa.ops.spans import update


def check_power(op: str, value: Any) -> float:
    """A finite number of at most 0."""
    power = number(op, "learning_rate_power", value)
    if not -math.inf < power <= 0:
        raise ValueError(f"{op}: learning_rate_power must be finite and <= 0, got {power}")
    return power


def ftrl_step(
    p: FloatArray,
    g: FloatArray,
    accumulator: FloatArray,
    linear: FloatArray,
    learning_rate: float = 1e-3,
    learning_rate_power: float = -0.5,
    l1_regularization_strength: float = 0.0,
    l2_regularization_strength: float = 0.0,
    l2_shrinkage_regularization_strength: float = 0.0,
    beta: float = 0.0,
    *,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> None:
    """Ftrl in place, ``n`` the accumulator, ``z`` linear, ``q = -learning_rate_power``.

    ``n' = n + g^2; z += g + 2 shrinkage p - (n'^q - n^q) / lr p;``
    ``p = (min(max(z, -L1), L1) - z) / ((n'^q + beta) / lr + 2 L2)``

    L1, L2 and shrinkage are the three strengths. At a rate of 0 nothing changes. ``accumulator``
    holds no numbers below 0.

    Source: McMahan et al., KDD 2013 (as in Keras).

    Arrays and errors as in ``sgd_step``; a power above 0 is a ValueError, too.

    >>> import numpy as np
    >>> from brasa import ops
    >>> p, n, z = np.ones(1, np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32)
    >>> ops.ftrl_step(p, np.full(1, 4, np.float32), n, z, 0.5, l1_regularization_strength=1.0)
    >>> p, n, z
    (array([0.375], dtype=float32), array([16.], dtype=float32), array([-4.], dtype=float32))
    """
    op = "ftrl_step"
    rate = check_learning_rate(op, learning_rate)
    attributes = {
        "power": -check_power(op, learning_rate_power),
        "lasso": number(op, "l1_regularization_strength", l1_regularization_strength),
        "ridge": number(op, "l2_regularization_strength", l2_regularization_strength),
        "shrinkage": number(
            op, "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        ),
        "beta": number(op, "beta", beta),
    }
    first = {"weight_decay": weight_decay, "l1": l1, "l2": l2}
    updated = {"p": p, "accumulator": accumulator, "linear": linear}
    update(op, g, updated, (rate, 1.0), attributes, first)


def lamb_step(
    p: FloatArray,
    g: FloatArray,
    m: FloatArray,
    v: FloatArray,
    step: int,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    *,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> None:
    """Lamb in place: Adam's direction, as long as one weight is; ``step`` counts from 1.

    ``m += (1 - b1)(g - m); v += (1 - b2)(g^2 - v);``
    ``d = m / (1 - b1^step) / (sqrt(v / (1 - b2^step)) + epsilon); p -= lr |p| / |d| d``

    The norms are Euclidean, over all of the array; where one of them is 0 or NaN their ratio
    counts as 1.

    Source: You et al., arXiv:1904.00962 (as in Keras).

    Arrays and errors as in ``sgd_step``; a step below 1 is a ValueError, too.

    >>> import numpy as np
    >>> from brasa import ops
    >>> p, m, v = np.full(4, 2, np.float32), np.zeros(4, np.float32), np.zeros(4, np.float32)
    >>> ops.lamb_step(p, np.full(4, 8, np.float32), m, v, step=1, learning_rate=0.25)
    >>> p
    array([1.5, 1.5, 1.5, 1.5], dtype=float32)
    """
    op = "lamb_step"
    first = {"weight_decay": weight_decay, "l1": l1, "l2": l2}
    hyper = check_learning_rate(op, learning_rate), check_step(op, step)
    attributes = {
        "beta_1": number(op, "beta_1", beta_1),
        "beta_2": number(op, "beta_2", beta_2),
        "epsilon": number(op, "epsilon", epsilon),
    }
    update(op, g, {"p": p, "m": m, "v": v}, hyper, attributes, first)
