"""The largest elements, and all of them in order; made of comparisons and sums inside models."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.graph.symbol import Symbol
from brasa.ops.arguments import at_least, truth, whole
from brasa.ops.arranging import moveaxis
from brasa.ops.broadcast import broadcast_to
from brasa.ops.casting import whole_part
from brasa.ops.choosing import tril, where
from brasa.ops.comparisons import equal, less, not_equal
from brasa.ops.dispatch import Tensor, lifted, run
from brasa.ops.elementwise import add, concatenate, multiply, reshape, scale
from brasa.ops.pairs import maximum, subtract
from brasa.ops.reduce import max, sum  # noqa: A004
from brasa.ops.shaping import places_of
from brasa.ops.taking import any_numbers

# As far as float32 holds every whole number.
_MOST = 1 << 24


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:  # noqa: A002
    """The k largest elements along the last axis, the largest first, and their indices.

    Of equal ones, 0 and -0 among them, the first comes first; NaN is larger than all. On arrays
    indices are int32, inside a model whole numbers in float32, without a gradient; that of the
    values goes to where they come from. Inside a model they are found one after the other, each in
    one pass over the axis. ``sorted`` is Keras's: any order would do where it is False.

    Shapes:
        x (..., n), both results (..., k)

    ValueError where x has no axis, or ``k`` does not lie in [1, n].

    >>> from brasa import ops
    >>> values, indices = ops.top_k([1.0, 5.0, 2.0, 5.0], k=2)
    >>> values, indices
    (array([5., 5.], dtype=float32), array([1, 3], dtype=int32))
    """
    op = "top_k"
    truth(op, "sorted", sorted)
    x, _ = _operand(op, x, -1)
    count = at_least(op, "k", k, 1)
    if count > x.shape[-1]:
        raise ValueError(
            f"{op}: k must be at most {x.shape[-1]}, the last axis of {tuple(x.shape)}, got {count}"
        )
    if isinstance(x, Symbol):
        return _largest(op, x, count)
    # Of equal ones the last comes first in what is turned round, and back again.
    rising = x.shape[-1] - 1 - np.argsort(x[..., ::-1], axis=-1, kind="stable")
    places = rising[..., ::-1][..., :count]
    return np.take_along_axis(x, places, -1), places.astype(np.int32)


def sort(x: Any, axis: int = -1) -> Tensor:
    """The elements along an axis in rising order; NaN comes last.

    The gradient goes to where each comes from, equal ones keeping their order. Inside a model each
    of the n elements is compared with each: n^2 numbers for each row.

    Shapes:
        x and y of one shape

    ValueError for an axis that x does not have.

    >>> from brasa import ops
    >>> ops.sort([[3.0, 1.0, 2.0]])
    array([[1., 2., 3.]], dtype=float32)
    """
    op = "sort"
    x, at = _operand(op, x, axis)
    if not isinstance(x, Symbol):
        return np.sort(x, at)
    rows = moveaxis(x, at, -1)
    form = tuple(rows.shape)
    copies = broadcast_to(reshape(rows, (*form[:-1], 1, form[-1])), (*form, form[-1]))
    (chosen,) = run("gate", [copies, _has_rank(rows)], caller=op)
    return moveaxis(sum(chosen, -1), -1, at)


def argsort(x: Any, axis: int = -1) -> Tensor:
    """Where the elements come from that ``sort`` gives; equal ones keep their order.

    On arrays int32, inside a model whole numbers in float32; it has no gradient.

    >>> from brasa import ops
    >>> ops.argsort([[3.0, 1.0, 3.0, 2.0]])
    array([[1, 3, 0, 2]], dtype=int32)
    """
    op = "argsort"
    x, at = _operand(op, x, axis)
    if not isinstance(x, Symbol):
        return np.argsort(x, at, kind="stable").astype(np.int32)
    places = sum(multiply(_has_rank(moveaxis(x, at, -1)), _numbers(x.shape[at])), -1)
    return whole_part(op, moveaxis(places, -1, at))


def _operand(op: str, x: Any, axis: int) -> tuple[Any, int]:
    """A tensor or an array, and the axis counted from the first."""
    x = lifted(x)
    x = x if isinstance(x, Symbol) else any_numbers(op, x)
    shape = tuple(x.shape)
    if not shape:
        raise ValueError(f"{op}: x must have an axis, got a single number")
    (at,) = places_of(op, [whole(op, "axis", axis)], len(shape), shape)
    if isinstance(x, Symbol) and shape[at] > _MOST:
        raise ValueError(f"{op}: axis {at} of {shape} must have at most {_MOST} elements")
    return x, at


def _numbers(count: int) -> NDArray[np.float32]:
    return np.arange(count, dtype=np.float32)


def _largest(op: str, x: Symbol, count: int) -> tuple[Symbol, Symbol]:
    """One after the other: what is the largest of those that were not taken before."""
    n = x.shape[-1]
    left = n - _numbers(n)  # the first place has the largest number
    values, places, taken = [], [], scale(not_equal(x, x), 0.0)
    for _ in range(count):
        rest = where(taken, -np.inf, x)
        extreme = max(rest, -1, keepdims=True)
        is_extreme = maximum(equal(rest, extreme), not_equal(rest, rest))
        may_be = multiply(is_extreme, scale(taken, -1.0, 1.0))
        first = max(multiply(may_be, left), -1, keepdims=True)
        here = equal(first, left)
        values.append(sum(run("gate", [x, here], caller=op)[0], -1, keepdims=True))
        places.append(scale(first, -1.0, float(n)))
        taken = add(taken, here)
    return concatenate(values), whole_part(op, concatenate(places))


def _has_rank(x: Symbol) -> Symbol:
    """(..., n, n): 1 where the second of these places of x comes at the first in the order."""
    n = x.shape[-1]
    result: Symbol = equal(reshape(_ranks(x), (*x.shape[:-1], 1, n)), _numbers(n).reshape(n, 1))
    return result


def _ranks(x: Symbol) -> Symbol:
    """How many elements of the last axis come before each: the smaller, and equal ones before it.

    Of two elements j before i, j comes later where ``x[i] < x[j]``. So i, before which are i
    elements, loses one place for each such j, and j wins one.
    """
    form, n = tuple(x.shape), x.shape[-1]
    i, j = reshape(x, (*form, 1)), reshape(x, (*form[:-1], 1, n))
    # NaN is larger than all but NaN.
    is_number, is_nan = equal(i, i), not_equal(j, j)
    later = tril(maximum(less(i, j), multiply(is_number, is_nan)), -1)
    result: Symbol = add(subtract(sum(later, -2), sum(later, -1)), _numbers(n))
    return result
