"""Sums and products along an axis, joined in pairs: few rounds for many entries."""

from __future__ import annotations

from collections.abc import Callable
from math import prod as count_of
from typing import Any

from brasa.ops.arguments import truth, whole
from brasa.ops.arranging import moveaxis
from brasa.ops.constants import ones
from brasa.ops.dispatch import Tensor, floats
from brasa.ops.elementwise import add, concatenate, multiply, reshape, slice  # noqa: A004
from brasa.ops.reduce import Axis
from brasa.ops.shaping import places_of, whole_axes


def cumsum(x: Tensor, axis: int | None = None) -> Tensor:
    """``y[i] = x[0] + ... + x[i]`` along an axis; with None along x as if it were flat.

    Of n entries, log2(n) rounds add to each what is 1, 2, 4, ... places before it: log2(n) n sums,
    each with no more than log2(n) roundings. NaN and infinite entries leave those before them.

    Shapes:
        x and y of one shape; with axis None y is flat

    ValueError for an axis that x does not have.

    >>> from brasa import ops
    >>> ops.cumsum([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], axis=1)
    array([[ 1.,  3.,  6.],
           [ 4.,  9., 15.]], dtype=float32)
    """
    return _scanned("cumsum", x, axis, add)


def cumprod(x: Tensor, axis: int | None = None) -> Tensor:
    """``y[i] = x[0] * ... * x[i]`` along an axis, as ``cumsum`` the sums.

    y[i] is rounded i times. Gradients are products of the others: entries of 0 have theirs.

    >>> from brasa import ops
    >>> ops.cumprod([1.0, 2.0, 3.0, 4.0])
    array([ 1.,  2.,  6., 24.], dtype=float32)
    """
    return _scanned("cumprod", x, axis, multiply)


def prod(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over one axis, several, or with None all of them; of no elements 1.

    Halves are multiplied by each other until one element is left. Gradients are products of the
    other elements: those of 0 have theirs.

    Shapes:
        y as x, without these axes, or with ``keepdims`` with extents of 1 there

    ValueError for an axis that x does not have.

    >>> from brasa import ops
    >>> ops.prod([[1.0, 2.0], [-3.0, 4.0]], axis=1)
    array([  2., -12.], dtype=float32)
    """
    op = "prod"
    x, keeps = floats(op, "x", x), truth(op, "keepdims", keepdims)
    shape = tuple(x.shape)
    axes = range(len(shape)) if axis is None else whole_axes(op, axis)
    gone = sorted(places_of(op, axes, len(shape), shape))
    left = [n for place, n in enumerate(shape) if place not in gone]
    form = [1 if place in gone else n for place, n in enumerate(shape)] if keeps else left
    count = count_of(shape[place] for place in gone)
    if count == 0:
        return ones(form)
    x = moveaxis(x, gone, list(range(-len(gone), 0))) if gone else x
    return reshape(_product(reshape(x, (*left, count))), form)


def _product(x: Tensor) -> Tensor:
    """Of the last axis, which becomes one element."""
    count = x.shape[-1]
    while count > 1:
        half = count // 2
        y = multiply(slice(x, -1, 0, half), slice(x, -1, half, half))
        x = concatenate([y, slice(x, -1, 2 * half, 1)], -1) if count % 2 else y
        count -= half
    return x


def _scanned(op: str, x: Tensor, axis: int | None, join: Callable[..., Any]) -> Tensor:
    x = floats(op, "x", x)
    if axis is None:
        x, axis = reshape(x, (count_of(x.shape),)), 0
    shape = tuple(x.shape)
    (at,) = places_of(op, [whole(op, "axis", axis)], len(shape), shape)
    extent, step = shape[at], 1
    while step < extent:
        # Each entry holds what the last `step` of them give, itself included.
        later = join(slice(x, at, 0, extent - step), slice(x, at, step, extent - step))
        x = concatenate([slice(x, at, 0, step), later], at)
        step *= 2
    return x
