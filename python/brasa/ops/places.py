"""Where the largest and the smallest elements are."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from brasa.arrays import to_array
from brasa.graph.symbol import Symbol
from brasa.ops.arguments import truth, whole
from brasa.ops.casting import whole_part
from brasa.ops.comparisons import equal, not_equal
from brasa.ops.dispatch import Tensor, floats, lifted
from brasa.ops.elementwise import multiply, reshape, scale
from brasa.ops.pairs import maximum
from brasa.ops.reduce import max, min  # noqa: A004
from brasa.ops.shaping import places_of
from brasa.parameter import Parameter

# As far as float32 holds every whole number.
_MOST = 1 << 24


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the largest element along an axis, or with None of all, flattened.

    The first one of equal ones, 0 and -0 among them, and the first NaN where there are any. On
    arrays the result is int32; inside a model it is whole numbers in float32, which ``one_hot`` and
    ``embedding`` take. It has no gradient.

    Shapes:
        y as x, without the axis, or with ``keepdims`` with an extent of 1 there

    Raises:
        ValueError: there is no such axis, or no element along it; inside a model, too, where there
            are more than 2^24.

    >>> from brasa import ops
    >>> ops.argmax([[1.0, 3.0, 3.0], [5.0, 4.0, 0.0]], axis=-1)
    array([1, 0], dtype=int32)
    """
    return _place("argmax", x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the smallest element, as ``argmax`` that of the largest.

    >>> from brasa import ops
    >>> ops.argmin([[1.0, 3.0, 1.0], [5.0, 4.0, 0.0]], axis=-1)
    array([0, 2], dtype=int32)
    """
    return _place("argmin", x, axis, keepdims)


def _place(op: str, x: Any, axis: int | None, keepdims: bool) -> Tensor:
    keeps = truth(op, "keepdims", keepdims)
    if axis is not None:
        axis = whole(op, "axis", axis)
    x = lifted(x)
    if not isinstance(x, Symbol):
        return _of_array(op, to_array(op, "x", _values(x)), axis, keeps)
    x = floats(op, "x", x)
    shape = x.shape
    if axis is None:
        y = _inside(op, reshape(x, (prod(shape),)), 0)
        return reshape(y, (1,) * len(shape) if keeps else ())
    (at,) = places_of(op, [axis], len(shape), shape)
    y = _inside(op, x, at)
    return y if keeps else reshape(y, (*shape[:at], *shape[at + 1 :]))


def _values(x: Any) -> Any:
    return x.value if isinstance(x, Parameter) else x


def _of_array(op: str, x: Any, axis: int | None, keepdims: bool) -> Any:
    if axis is not None:
        places_of(op, [axis], x.ndim, x.shape)
    along = x.size if axis is None else x.shape[axis]
    if not along:
        raise ValueError(f"{op}: there is no element along axis {axis} of {x.shape}")
    index = getattr(np, op)(x, axis=axis, keepdims=keepdims)
    return np.asarray(index, np.int32)


def _inside(op: str, x: Symbol, at: int) -> Symbol:
    """From n, the extent, the largest of n - i over those i where an extreme or a NaN is."""
    n = x.shape[at]
    if n > _MOST:
        raise ValueError(f"{op}: axis {at} of {x.shape} must have at most {_MOST} elements")
    extreme = max(x, at, keepdims=True) if op == "argmax" else min(x, at, keepdims=True)
    is_there = maximum(equal(x, extreme), not_equal(x, x))
    left = np.arange(n, 0, -1, dtype=np.float32).reshape((n,) + (1,) * (len(x.shape) - 1 - at))
    first = max(multiply(is_there, left), at, keepdims=True)
    return whole_part(op, scale(first, -1.0, float(n)))
