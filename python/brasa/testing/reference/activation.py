"""Activations and softmax; gradients come from y, those of gelu and silu from x."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide

LEAKY_SLOPE = 0.2


def relu(x: ArrayLike) -> Array:
    return np.maximum(wide(x), 0.0)


def relu_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    return np.where(wide(y) > 0, wide(dy), 0.0)


def leaky_relu(x: ArrayLike, negative_slope: float = LEAKY_SLOPE) -> Array:
    x = wide(x)
    return np.where(x > 0, x, negative_slope * x)


def leaky_relu_backward(dy: ArrayLike, y: ArrayLike, negative_slope: float = LEAKY_SLOPE) -> Array:
    return np.where(wide(y) > 0, 1.0, negative_slope) * wide(dy)


def elu(x: ArrayLike, alpha: float = 1.0) -> Array:
    x = wide(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def elu_backward(dy: ArrayLike, y: ArrayLike, alpha: float = 1.0) -> Array:
    return np.where(wide(y) > 0, 1.0, wide(y) + alpha) * wide(dy)


def sigmoid(x: ArrayLike) -> Array:
    decay = np.exp(-np.abs(wide(x)))
    return np.where(wide(x) >= 0, 1.0, decay) / (1.0 + decay)


def sigmoid_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    return wide(dy) * wide(y) * (1.0 - wide(y))


def tanh(x: ArrayLike) -> Array:
    return np.tanh(wide(x))


def tanh_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    return wide(dy) * (1.0 - wide(y) ** 2)


def _normal(x: Array) -> tuple[Array, Array]:
    """The normal distribution: its integral up to x, and its density."""
    below = np.vectorize(lambda v: math.erfc(-v / math.sqrt(2)) / 2, otypes=[float])(x)
    with np.errstate(over="ignore"):
        return below, np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _finite(x: ArrayLike) -> Array:
    """Large numbers for the infinities: times a share of 0 they give 0."""
    finite: Array = np.clip(wide(x), -1e30, 1e30)
    return finite


def gelu(x: ArrayLike, approximate: bool = False) -> Array:
    if approximate:
        return gelu_tanh(x)
    y: Array = np.maximum(wide(x), -1e30) * _normal(wide(x))[0]
    return y


def gelu_backward(dy: ArrayLike, x: ArrayLike, approximate: bool = False) -> Array:
    if approximate:
        v, rise = _gelu_argument(_finite(x))
        return wide(dy) * _slope_of_product(v, rise)
    below, density = _normal(_finite(x))
    slope: Array = below + _finite(x) * density
    return wide(dy) * slope


def gelu_tanh(x: ArrayLike) -> Array:
    return np.maximum(wide(x), -1e30) * sigmoid(_gelu_argument(_finite(x))[0])


def _gelu_argument(x: Array) -> tuple[Array, Array]:
    """v of the tanh form, ``x * sigmoid(v)``, and ``x * dv/dx``."""
    factor = math.sqrt(8 / math.pi)
    return factor * (x + 0.044715 * x**3), factor * (x + 3 * 0.044715 * x**3)


def silu(x: ArrayLike) -> Array:
    return np.maximum(wide(x), -1e30) * sigmoid(x)


def silu_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    return wide(dy) * _slope_of_product(wide(x), _finite(x))


def _slope_of_product(v: Array, rise: Array) -> Array:
    """The slope of ``x * sigmoid(v)``, for ``rise = x * dv/dx``."""
    return sigmoid(v) * (1.0 + rise * sigmoid(-v))


def softmax(x: ArrayLike) -> Array:
    x = wide(x)
    with np.errstate(invalid="ignore"):  # inf - inf: such a row is NaN
        power: Array = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf))
    total: Array = power.sum(-1, keepdims=True)
    return power / total


def softmax_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    dy, y = wide(dy), wide(y)
    along_y: Array = (dy * y).sum(-1, keepdims=True)
    dx: Array = y * (dy - along_y)
    return dx


def log_softmax(x: ArrayLike) -> Array:
    x = wide(x)
    with np.errstate(invalid="ignore"):  # inf - inf: such a row is NaN
        distance: Array = x - x.max(-1, keepdims=True, initial=-np.inf)
    y: Array = distance - np.log(np.exp(distance).sum(-1, keepdims=True))
    return y


def log_softmax_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    dy = wide(dy)
    dx: Array = dy - np.exp(wide(y)) * dy.sum(-1, keepdims=True)
    return dx


def activate(y: Array, name: str | None) -> Array:
    """What ``activation=name`` does to the finished sum of a convolution or a dense layer."""
    named = {
        "relu": relu, "leaky_relu": leaky_relu, "elu": elu, "sigmoid": sigmoid, "tanh": tanh,
        "gelu": gelu, "gelu_tanh": gelu_tanh, "silu": silu,
    }  # fmt: skip
    return y if name is None else named[name](y)
