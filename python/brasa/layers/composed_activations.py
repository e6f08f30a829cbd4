"""Activation functions that are made of several ops: their gradients follow from these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brasa import ops
from brasa.graph.deferred import Function, deferring
from brasa.ops.arguments import finite, whole
from brasa.ops.choosing import zero_or_one
from brasa.ops.dispatch import Tensor, floats, run


def _deferring(function: Function) -> Function:
    """See ``brasa.graph.deferred``; files know the function by this name."""
    return deferring(f"activations.{function.__name__}", function)


@_deferring
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """``x`` above 0, else ``alpha (exp(x / alpha) - 1)``; alpha > 0.

    Source: Barron, Continuously differentiable exponential linear units, arXiv:1704.07483.

    >>> from brasa import activations
    >>> activations.celu([-2.0, 3.0], alpha=2.0).round(4)
    array([-1.2642,  3.    ], dtype=float32)
    """
    alpha = finite("celu", "alpha", alpha)
    if not alpha > 0:
        raise ValueError(f"celu: alpha must be > 0, got {alpha}")
    x = floats("celu", "x", x)
    return ops.elu(x) if alpha == 1 else ops.scale(ops.elu(ops.scale(x, 1 / alpha)), alpha)


@_deferring
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """Gated linear unit: ``a * sigmoid(b)``, a and b the first and the second half of an axis.

    Source: Dauphin et al., Language modeling with gated convolutional networks, arXiv:1612.08083.

    >>> from brasa import activations
    >>> activations.glu([[1.0, 2.0, 0.0, 0.0]])
    array([[0.5, 1. ]], dtype=float32)
    """
    x = floats("glu", "x", x)
    rank, axis = len(x.shape), whole("glu", "axis", axis)
    if not -rank <= axis < rank:
        raise ValueError(f"glu: axis must lie in [{-rank}, {rank}), got {axis}")
    axis %= rank
    half, rest = divmod(x.shape[axis], 2)
    if rest:
        raise ValueError(f"glu: axis {axis} of {tuple(x.shape)} must have an even extent")
    first, second = (ops.slice(x, axis, start, half) for start in (0, half))
    return ops.multiply(first, ops.sigmoid(second))


@_deferring
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """``x`` where ``|x| > threshold``, else 0.

    >>> from brasa import activations
    >>> activations.hard_shrink([-0.5, 0.25, 2.0])
    array([0., 0., 2.], dtype=float32)
    """
    limit = _limit("hard_shrink", threshold)
    x = floats("hard_shrink", "x", x)
    above = zero_or_one("hard_shrink", "x", _above(ops.abs(x), limit))
    return run("gate", [x, above], caller="hard_shrink")[0]


@_deferring
def hard_tanh(x: Tensor) -> Tensor:
    """``clip(x, -1, 1)``.

    >>> from brasa import activations
    >>> activations.hard_tanh([-3.0, 0.5])
    array([-1. ,  0.5], dtype=float32)
    """
    return ops.clip(floats("hard_tanh", "x", x), -1.0, 1.0)


@_deferring
def log_sigmoid(x: Tensor) -> Tensor:
    """``log(sigmoid(x)) = -softplus(-x)``: good to the last bits far below 0 and far above.

    >>> from brasa import activations
    >>> activations.log_sigmoid([-100.0, 0.0]).round(4)
    array([-100.    ,   -0.6931], dtype=float32)
    """
    return ops.negative(ops.softplus(ops.negative(floats("log_sigmoid", "x", x))))


@_deferring
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """``x`` moved towards 0 by the threshold, and 0 where it is no larger.

    >>> from brasa import activations
    >>> activations.soft_shrink([-0.75, 0.25, 2.0])
    array([-0.25,  0.  ,  1.5 ], dtype=float32)
    """
    limit = _limit("soft_shrink", threshold)
    x = floats("soft_shrink", "x", x)
    return ops.subtract(x, ops.clip(x, -limit, limit))


@_deferring
def sparse_plus(x: Tensor) -> Tensor:
    """0 up to -1, ``(x + 1)^2 / 4`` up to 1, then ``x``.

    >>> from brasa import activations
    >>> activations.sparse_plus([-2.0, 0.0, 3.0])
    array([0.  , 0.25, 3.  ], dtype=float32)
    """
    x = floats("sparse_plus", "x", x)
    bent = ops.square(ops.scale(ops.clip(x, -1.0, 1.0), 0.5, 0.5))
    return ops.add(bent, ops.relu(ops.scale(x, 1.0, -1.0)))


@_deferring
def sparse_sigmoid(x: Tensor) -> Tensor:
    """``clip((x + 1) / 2, 0, 1)``: the slope of ``sparse_plus``.

    >>> from brasa import activations
    >>> activations.sparse_sigmoid([-2.0, 0.0, 0.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return ops.clip(ops.scale(floats("sparse_sigmoid", "x", x), 0.5, 0.5), 0.0, 1.0)


@_deferring
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """``(x + sqrt(x^2 + b)) / 2``: relu, bent around 0 the further the larger b >= 0.

    Source: Barron, Squareplus: a softplus-like algebraic rectifier, arXiv:2112.11687.

    >>> from brasa import activations
    >>> activations.squareplus([0.0, 1.5])
    array([1., 2.], dtype=float32)
    """
    bend = finite("squareplus", "b", b)
    if not bend >= 0:
        raise ValueError(f"squareplus: b must be >= 0, got {b}")
    x = floats("squareplus", "x", x)
    return ops.scale(ops.add(x, ops.sqrt(ops.scale(ops.square(x), 1.0, bend))), 0.5)


@_deferring
def tanh_shrink(x: Tensor) -> Tensor:
    """``x - tanh(x)``.

    >>> from brasa import activations
    >>> activations.tanh_shrink([0.0, 1.0]).round(4)
    array([0.    , 0.2384], dtype=float32)
    """
    x = floats("tanh_shrink", "x", x)
    return ops.subtract(x, ops.tanh(x))


@_deferring
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """``x`` where it lies above the threshold, else the default value. NaN stays NaN.

    >>> from brasa import activations
    >>> activations.threshold([-1.0, 0.5, 2.0], 0.5, 7.0)
    array([7., 7., 2.], dtype=float32)
    """
    limit = finite("threshold", "threshold", threshold)
    other = finite("threshold", "default_value", default_value)
    x = floats("threshold", "x", x)
    return ops.where(_above(x, limit), x, other)


def _above(x: Tensor, limit: float) -> Tensor:
    """Not 0 where x lies above the limit: what relu leaves of the difference."""
    return ops.relu(ops.scale(x, 1.0, -limit))


def _limit(owner: str, value: Any) -> float:
    limit = finite(owner, "threshold", value)
    if not limit >= 0:
        raise ValueError(f"{owner}: threshold must be >= 0, got {value}")
    return limit


# What an ``activation=`` may be by name; ``threshold`` has arguments to be given.
COMPOSED: dict[str, Callable[[Tensor], Tensor]] = {
    "celu": celu,
    "glu": glu,
    "hard_shrink": hard_shrink,
    "hard_tanh": hard_tanh,
    "log_sigmoid": log_sigmoid,
    "soft_shrink": soft_shrink,
    "sparse_plus": sparse_plus,
    "sparse_sigmoid": sparse_sigmoid,
    "squareplus": squareplus,
    "tanh_shrink": tanh_shrink,
}
