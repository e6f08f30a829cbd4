"""One update of a flat span of parameters; the new values are returned."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def _first(
    p: Array, g: Array, learning_rate: float, weight_decay: float, l1: float, l2: float
) -> tuple[Array, Array]:
    """What comes first: the decayed parameters, and the gradient with the slopes of penalties."""
    slope = l1 * np.sign(p) + 2 * l2 * p
    return p - learning_rate * weight_decay * p, g + slope


def sgd_step(
    p: ArrayLike,
    g: ArrayLike,
    velocity: ArrayLike | None,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[Array, Array]:
    p, g = _first(wide(p), wide(g), learning_rate, weight_decay, l1, l2)
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
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
    v_hat: ArrayLike | None = None,
) -> tuple[Array, ...]:
    """The parameters and the slots; v_hat only where it is given."""
    m, v = wide(m), wide(v)
    p, g = _first(wide(p), wide(g), learning_rate, weight_decay, l1, l2)
    m = m + (1 - beta_1) * (g - m)
    v = v + (1 - beta_2) * (g**2 - v)
    rate = learning_rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    if v_hat is None:
        return p - rate * m / (np.sqrt(v) + epsilon), m, v
    largest = np.maximum(wide(v_hat), v)
    return p - rate * m / (np.sqrt(largest) + epsilon), m, v, largest


def rmsprop_step(
    p: ArrayLike,
    g: ArrayLike,
    velocity: ArrayLike,
    moment: ArrayLike | None = None,
    average: ArrayLike | None = None,
    learning_rate: float = 1e-3,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    centered: bool = False,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[Array, Array, Array, Array]:
    """The parameters, the velocity, the moment and the average; zeros for what there is not."""
    p, g = _first(wide(p), wide(g), learning_rate, weight_decay, l1, l2)
    v = rho * wide(velocity) + (1 - rho) * g**2
    a, m = (np.zeros_like(p) if slot is None else wide(slot) for slot in (average, moment))
    if centered:
        a = rho * a + (1 - rho) * g
    spread = np.maximum(v - a**2, 0) if centered else v
    move = learning_rate * g / np.sqrt(spread + epsilon)
    if momentum:
        m = move = momentum * m + move
    return p - move, v, m, a


def adagrad_step(
    p: ArrayLike,
    g: ArrayLike,
    accumulator: ArrayLike,
    learning_rate: float = 1e-3,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[Array, Array]:
    p, g = _first(wide(p), wide(g), learning_rate, weight_decay, l1, l2)
    v = wide(accumulator) + g**2
    return p - learning_rate * g / np.sqrt(v + epsilon), v


def adadelta_step(
    p: ArrayLike,
    g: ArrayLike,
    accumulator: ArrayLike,
    moved: ArrayLike,
    learning_rate: float = 1e-3,
    rho: float = 0.95,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[Array, Array, Array]:
    p, g = _first(wide(p), wide(g), learning_rate, weight_decay, l1, l2)
    v = rho * wide(accumulator) + (1 - rho) * g**2
    d = np.sqrt(wide(moved) + epsilon) / np.sqrt(v + epsilon) * g
    return p - learning_rate * d, v, rho * wide(moved) + (1 - rho) * d**2


def adamax_step(
    p: ArrayLike,
    g: ArrayLike,
    m: ArrayLike,
    u: ArrayLike,
    step: int,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[Array, Array, Array]:
    p, g = _first(wide(p), wide(g), learning_rate, weight_decay, l1, l2)
    m = beta_1 * wide(m) + (1 - beta_1) * g
    u = np.maximum(beta_2 * wide(u), np.abs(g))
    return p - learning_rate / (1 - beta_1**step) * m / (u + epsilon), m, u


def nadam_step(
    p: ArrayLike,
    g: ArrayLike,
    m: ArrayLike,
    v: ArrayLike,
    step: int,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[Array, Array, Array]:
    p, g = _first(wide(p), wide(g), learning_rate, weight_decay, l1, l2)
    m = beta_1 * wide(m) + (1 - beta_1) * g
    v = beta_2 * wide(v) + (1 - beta_2) * g**2
    momenta = beta_1 * (1 - 0.5 * 0.96 ** np.arange(1.0, step + 2))
    ahead = momenta[-1] * m / (1 - momenta.prod())
    ahead = ahead + (1 - momenta[-2]) * g / (1 - momenta[:-1].prod())
    return p - learning_rate * ahead / (np.sqrt(v / (1 - beta_2**step)) + epsilon), m, v


def lion_step(
    p: ArrayLike,
    g: ArrayLike,
    m: ArrayLike,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[Array, Array]:
    p, g = _first(wide(p), wide(g), learning_rate, weight_decay, l1, l2)
    m = wide(m)
    step = learning_rate * np.sign(beta_1 * m + (1 - beta_1) * g)
    return p - step, beta_2 * m + (1 - beta_2) * g


def ftrl_step(
    p: ArrayLike,
    g: ArrayLike,
    accumulator: ArrayLike,
    linear: ArrayLike,
    learning_rate: float = 1e-3,
    learning_rate_power: float = -0.5,
    l1_regularization_strength: float = 0.0,
    l2_regularization_strength: float = 0.0,
    l2_shrinkage_regularization_strength: float = 0.0,
    beta: float = 0.0,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[Array, Array, Array]:
    p, g = _first(wide(p), wide(g), learning_rate, weight_decay, l1, l2)
    before = wide(accumulator)
    after, power = before + g**2, -learning_rate_power
    rise = (after**power - before**power) / learning_rate
    z = wide(linear) + g + 2 * l2_shrinkage_regularization_strength * p - rise * p
    near = np.clip(z, -l1_regularization_strength, l1_regularization_strength)
    below = (after**power + beta) / learning_rate + 2 * l2_regularization_strength
    return (near - z) / below, after, z


def lamb_step(
    p: ArrayLike,
    g: ArrayLike,
    m: ArrayLike,
    v: ArrayLike,
    step: int,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[Array, Array, Array]:
    m, v = wide(m), wide(v)
    p, g = _first(wide(p), wide(g), learning_rate, weight_decay, l1, l2)
    m, v = m + (1 - beta_1) * (g - m), v + (1 - beta_2) * (g**2 - v)
    d = m / (1 - beta_1**step) / (np.sqrt(v / (1 - beta_2**step)) + epsilon)
    sizes = np.linalg.norm(p), np.linalg.norm(d)
    ratio = sizes[0] / sizes[1] if min(sizes) > 0 else 1.0
    return p - learning_rate * ratio * d, m, v
