"""Functions of one tensor, and quotients and the larger of two, with their gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide
from .broadcast import broadcast_backward


def unary(kind: str, x: ArrayLike, p: float = 1.0) -> Array:
    """``p`` is the exponent of a power, and the limits of clip are -p and p."""
    x = wide(x)
    functions: dict[str, Callable[[Array], Array]] = {
        "abs": np.abs,
        "ceil": np.ceil,
        "clip": lambda x: np.clip(x, -p, p),
        "cos": np.cos,
        "erf": _erf,
        "exp": np.exp,
        "expm1": np.expm1,
        "floor": np.floor,
        "hard_sigmoid": lambda x: np.clip((x + 3) / 6, 0, 1),
        "hard_silu": lambda x: np.maximum(x, -3) * np.clip((x + 3) / 6, 0, 1),
        "log": np.log,
        "log1p": np.log1p,
        "mish": lambda x: np.maximum(x, -1e30) * np.tanh(np.logaddexp(0, x)),
        "relu6": lambda x: np.clip(x, 0, 6),
        "round": np.rint,
        "rsqrt": lambda x: 1.0 / np.sqrt(x),
        "sign": np.sign,
        "sin": np.sin,
        "softplus": lambda x: np.logaddexp(0, x),
        "softsign": lambda x: np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x))),
        "power": lambda x: np.power(x, p),
        "reciprocal": lambda x: 1.0 / x,
        "sqrt": np.sqrt,
        "square": np.square,
    }
    with np.errstate(all="ignore"):
        return functions[kind](x)


def unary_backward(kind: str, dy: ArrayLike, x: ArrayLike, p: float = 1.0) -> Array:
    """The gradient by x, from x."""
    dy, x = wide(dy), wide(x)
    gradients: dict[str, Callable[[Array, Array], Array]] = {
        "abs": lambda dy, x: dy * np.sign(x),
        "clip": lambda dy, x: np.where(np.abs(x) <= p, dy, 0.0),
        "cos": lambda dy, x: -dy * np.sin(x),
        "erf": lambda dy, x: dy * 2 / math.sqrt(math.pi) * np.exp(-x * x),
        "exp": lambda dy, x: dy * np.exp(x),
        "expm1": lambda dy, x: dy * np.exp(x),
        "hard_sigmoid": lambda dy, x: np.where(np.abs(x) < 3, dy / 6, 0.0),
        "hard_silu": lambda dy, x: dy * np.where(np.abs(x) < 3, (2 * x + 3) / 6, x >= 3),
        "log": lambda dy, x: dy / x,
        "log1p": lambda dy, x: dy / (1 + x),
        "mish": lambda dy, x: dy * _mish_slope(x),
        "relu6": lambda dy, x: np.where((x > 0) & (x < 6), dy, 0.0),
        "rsqrt": lambda dy, x: -dy / (2 * x * np.sqrt(x)),
        "sin": lambda dy, x: dy * np.cos(x),
        "softplus": lambda dy, x: dy / (1 + np.exp(-x)),
        "softsign": lambda dy, x: dy / np.square(1 + np.abs(x)),
        "power": lambda dy, x: dy * p * np.power(x, p - 1) if p else 0.0 * dy,
        "reciprocal": lambda dy, x: -dy / (x * x),
        "sqrt": lambda dy, x: dy / (2.0 * np.sqrt(x)),
        "square": lambda dy, x: dy * 2.0 * x,
    }
    gradients.update(dict.fromkeys(("ceil", "floor", "round", "sign"), lambda dy, _: 0.0 * dy))
    with np.errstate(all="ignore"):
        return gradients[kind](dy, x)


def _erf(x: Array) -> Array:
    y: Array = np.vectorize(math.erf, otypes=[np.float64])(x)
    return y


def _mish_slope(x: Array) -> Array:
    t = np.tanh(np.logaddexp(0, x))
    slope: Array = t + x * (1 - t * t) / (1 + np.exp(-x))
    return slope


def subtract(a: ArrayLike, b: ArrayLike) -> Array:
    with np.errstate(all="ignore"):
        y: Array = wide(a) - wide(b)
    return y


def divide(a: ArrayLike, b: ArrayLike) -> Array:
    with np.errstate(all="ignore"):
        y: Array = wide(a) / wide(b)
    return y


def maximum(a: ArrayLike, b: ArrayLike) -> Array:
    y: Array = np.maximum(wide(a), wide(b))
    return y


def minimum(a: ArrayLike, b: ArrayLike) -> Array:
    y: Array = np.minimum(wide(a), wide(b))
    return y


def pair_backward(kind: str, dy: ArrayLike, a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    """The gradients of an op by both operands; those of maximum and minimum share where equal."""
    a, b = wide(a), wide(b)
    if kind == "subtract":
        by_a, by_b = np.ones_like(a), -np.ones_like(b)
    elif kind == "divide":
        by_a, by_b = 1.0 / b, -a / (b * b)
    else:
        ahead = np.sign(a - b) if kind == "maximum" else np.sign(b - a)
        by_a, by_b = (1.0 + ahead) / 2, (1.0 - ahead) / 2
    shape = np.broadcast_shapes(a.shape, b.shape)
    return (
        broadcast_backward(dy, a.shape, np.broadcast_to(by_a, shape)),
        broadcast_backward(dy, b.shape, np.broadcast_to(by_b, shape)),
    )
