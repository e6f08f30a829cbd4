"""Activations and softmax; gradients come from y."""

from __future__ import annotations

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


def activate(y: Array, name: str | None) -> Array:
    """What ``activation=name`` does to the finished sum of a convolution or a dense layer."""
    named = {"relu": relu, "leaky_relu": leaky_relu, "elu": elu, "sigmoid": sigmoid, "tanh": tanh}
    return y if name is None else named[name](y)
