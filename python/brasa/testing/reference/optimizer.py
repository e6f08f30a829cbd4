"""One update of a flat span of parameters; the new values are returned."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def sgd_step(
    p: ArrayLike,
    g: ArrayLike,
    velocity: ArrayLike | None,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> tuple[Array, Array]:
    p, g = wide(p), wide(g)
    v = momentum * (np.zeros_like(p) if velocity is None else wide(velocity)) - learning_rate * g
    return p + (momentum * v - learning_rate * g if nesterov else v), v


def adam_step(
    p: ArrayLike,
    g: ArrayLike,
    m: ArrayLike,
    v: ArrayLike,
    step: int,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[Array, Array, Array]:
    p, g, m, v = wide(p), wide(g), wide(m), wide(v)
    m = m + (1 - beta_1) * (g - m)
    v = v + (1 - beta_2) * (g**2 - v)
    rate = learning_rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    return p - rate * m / (np.sqrt(v) + epsilon), m, v
