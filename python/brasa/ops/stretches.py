"""Elements repeated, taken apart, and beside each other: compositions, in Keras's spelling."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from brasa.ops.arguments import at_least, whole
from brasa.ops.arranging import moveaxis
from brasa.ops.broadcast import broadcast_to
from brasa.ops.dispatch import Tensor, floats
from brasa.ops.elementwise import pad, reshape, slice  # noqa: A004
from brasa.ops.pairs import subtract
from brasa.ops.reduce import sum  # noqa: A004
from brasa.ops.shaping import places_of
from brasa.ops.taking import take


def repeat(x: Tensor, repeats: int | Sequence[int], axis: int | None = None) -> Tensor:
    """Each entry of an axis again and again; with axis None of x as if it were flat.

    Args:
        repeats: How often, at least once; or a number from 0 on for each entry.

    ValueError where there is no such axis, numbers are too small, or not one for each entry.

    >>> from brasa import ops
    >>> ops.repeat([1.0, 2.0], 2)
    array([1., 1., 2., 2.], dtype=float32)
    >>> ops.repeat([[1.0], [2.0]], [1, 2], axis=0)
    array([[1.],
           [2.],
           [2.]], dtype=float32)
    """
    op = "repeat"
    x = floats(op, "x", x)
    if axis is None:
        x, axis = reshape(x, (prod(x.shape),)), 0
    shape = tuple(x.shape)
    at = _place(op, "axis", axis, shape)
    if not isinstance(repeats, (tuple, list, np.ndarray)):
        return _evenly(x, at, at_least(op, "repeats", repeats, 1))
    counts = [at_least(op, "repeats", count, 0) for count in repeats]
    if len(counts) != shape[at] or not any(counts):
        raise ValueError(
            f"{op}: repeats must be one number for each of the {shape[at]} entries of axis {axis}, "
            f"and not all 0, got {counts}"
        )
    return take(x, np.repeat(np.arange(len(counts)), counts), at)


def unstack(x: Tensor, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The entries of an axis, each without it: what ``stack`` joins.

    Args:
        num: How many there are, where that is to be checked.

    ValueError where there is no such axis, or there are not ``num`` entries.

    >>> from brasa import ops
    >>> ops.unstack([[1.0, 2.0], [3.0, 4.0]], axis=1)
    [array([1., 3.], dtype=float32), array([2., 4.], dtype=float32)]
    """
    op = "unstack"
    x = floats(op, "x", x)
    shape = tuple(x.shape)
    at = _place(op, "axis", axis, shape)
    if num is not None and whole(op, "num", num) != shape[at]:
        raise ValueError(f"{op}: num must be the {shape[at]} entries of axis {axis}, got {num}")
    left = shape[:at] + shape[at + 1 :]
    return [reshape(slice(x, at, i, 1), left) for i in range(shape[at])]


def diff(a: Tensor, n: int = 1, axis: int = -1) -> Tensor:
    """Each entry of an axis less the one before it, ``n`` times.

    Shapes:
        y as a, with n entries less

    ValueError where there is no such axis, or it has not more than ``n`` entries.

    >>> from brasa import ops
    >>> ops.diff([1.0, 4.0, 9.0]), ops.diff([1.0, 4.0, 9.0], n=2)
    (array([3., 5.], dtype=float32), array([2.], dtype=float32))
    """
    op = "diff"
    a = floats(op, "a", a)
    shape = tuple(a.shape)
    at, times = _place(op, "axis", axis, shape), at_least(op, "n", n, 0)
    if times >= max(shape[at], 1):
        raise ValueError(f"{op}: n must be below the {shape[at]} entries of axis {axis}, got {n}")
    for left in range(shape[at] - 1, shape[at] - 1 - times, -1):
        a = subtract(slice(a, at, 1, left), slice(a, at, 0, left))
    return a


def diagonal(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements ``x[..., i, i + offset]`` of two axes, as the last axis.

    Shapes:
        y as x, without both axes, and with one for the diagonal

    ValueError where there are no such axes, both are the same, or the diagonal has no element.

    >>> from brasa import ops
    >>> ops.diagonal([[1.0, 2.0], [3.0, 4.0]])
    array([1., 4.], dtype=float32)
    """
    return _diagonal("diagonal", x, offset, axis1, axis2)


def trace(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal, see ``diagonal``.

    >>> from brasa import ops
    >>> ops.trace([[1.0, 2.0], [3.0, 4.0]])
    array(5., dtype=float32)
    """
    return sum(_diagonal("trace", x, offset, axis1, axis2), -1)


def _diagonal(op: str, x: Tensor, offset: int, axis1: int, axis2: int) -> Tensor:
    x = floats(op, "x", x)
    shape = tuple(x.shape)
    if len(shape) < 2:
        raise ValueError(f"{op}: x must have two axes or more, got {shape}")
    first, second = _place(op, "axis1", axis1, shape), _place(op, "axis2", axis2, shape)
    if first == second:
        raise ValueError(f"{op}: axis1 and axis2 must be two axes, got {axis1} and {axis2}")
    rows, columns, k = shape[first], shape[second], whole(op, "offset", offset)
    count = min(rows, columns - k) if k >= 0 else min(rows + k, columns)
    if count <= 0:
        raise ValueError(f"{op}: offset {k} leaves no element of {rows} rows and {columns} columns")
    x = moveaxis(x, (first, second), (-2, -1))
    others = tuple(x.shape[:-2])
    # From one element of a diagonal to the next are columns + 1 elements: rows of that length have
    # it in front. The last one may reach past the end.
    start, length = k if k >= 0 else -k * columns, count * (columns + 1)
    flat = reshape(x, (*others, rows * columns))
    flat = slice(flat, -1, start, min(length, rows * columns - start))
    flat = pad(flat, -1, 0, length - flat.shape[-1])
    diagonals = slice(reshape(flat, (*others, count, columns + 1)), -1, 0, 1)
    return reshape(diagonals, (*others, count))


def _evenly(x: Tensor, at: int, count: int) -> Tensor:
    """Each entry so many times: a new axis behind it, that becomes a part of it."""
    if count == 1:
        return x
    shape = tuple(x.shape)
    front, behind = shape[: at + 1], shape[at + 1 :]
    copies = broadcast_to(reshape(x, (*front, 1, *behind)), (*front, count, *behind))
    return reshape(copies, (*shape[:at], shape[at] * count, *behind))


def _place(op: str, name: str, axis: int, shape: tuple[int, ...]) -> int:
    """One axis, counted from the first."""
    (at,) = places_of(op, [whole(op, name, axis)], len(shape), shape)
    return at
