"""Axes and elements in other places, made of transpose, slice and concatenate."""

from __future__ import annotations

from collections.abc import Sequence

from brasa.ops.arguments import at_least, whole
from brasa.ops.dispatch import Tensor, floats
from brasa.ops.elementwise import concatenate, reshape, slice  # noqa: A004
from brasa.ops.reduce import Axis
from brasa.ops.shaping import places_of, whole_axes
from brasa.ops.transpose import transpose


def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor:
    """x with two axes exchanged.

    ValueError where there is no such axis.

    >>> from brasa import ops
    >>> ops.swapaxes([[[1.0, 2.0]]], 0, 2).shape
    (2, 1, 1)
    """
    op = "swapaxes"
    x = floats(op, "x", x)
    shape = tuple(x.shape)
    (first,) = places_of(op, [whole(op, "axis1", axis1)], len(shape), shape)
    (second,) = places_of(op, [whole(op, "axis2", axis2)], len(shape), shape)
    axes = list(range(len(shape)))
    axes[first], axes[second] = second, first
    return transpose(x, axes)


def moveaxis(x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """x with some axes at other places; the rest keep their order.

    ValueError where there is no such axis, one comes twice, or there are not as many of both.

    >>> from brasa import ops
    >>> ops.moveaxis([[[1.0, 2.0]]], -1, 0).shape
    (2, 1, 1)
    """
    op = "moveaxis"
    x = floats(op, "x", x)
    shape = tuple(x.shape)
    rank, sources, places = len(shape), whole_axes(op, source), whole_axes(op, destination)
    if len(sources) != len(places):
        raise ValueError(
            f"{op}: source and destination must have as many axes, got {sources} and {places}"
        )
    places_of(op, sources, rank, shape)
    places_of(op, places, rank, shape)
    moved = {place % rank: axis % rank for place, axis in zip(places, sources, strict=True)}
    others = iter(axis for axis in range(rank) if axis not in moved.values())
    return transpose(x, [moved[i] if i in moved else next(others) for i in range(rank)])


def roll(x: Tensor, shift: int | Sequence[int], axis: Axis = None) -> Tensor:
    """Elements moved along axes by ``shift`` places; those past the end come in at the front.

    With axis None x is rolled as if it were flat.

    ValueError where there is no such axis, or there are not as many shifts as axes.

    >>> from brasa import ops
    >>> ops.roll([1.0, 2.0, 3.0], 1)
    array([3., 1., 2.], dtype=float32)
    """
    op = "roll"
    x = floats(op, "x", x)
    shape = tuple(x.shape)
    given = shift if isinstance(shift, (tuple, list)) else [shift]
    shifts = [whole(op, "shift", one) for one in given]
    if axis is None:
        return reshape(roll(reshape(x, (-1,)), _total(shifts), 0), shape)
    axes = whole_axes(op, axis)
    if len(shifts) == 1:
        shifts *= len(axes)
    if len(shifts) != len(axes):
        raise ValueError(f"{op}: shift must have one entry for each axis, got {shifts} for {axes}")
    for place, by in zip(axes, shifts, strict=True):
        (at,) = places_of(op, [place], len(shape), shape)
        x = _rolled(x, by % shape[at] if shape[at] else 0, at)
    return x


def tile(x: Tensor, repeats: int | Sequence[int]) -> Tensor:
    """x again and again along each axis: ``repeats`` times, the last entry for the last axis.

    Shapes:
        x and y of one rank; axes in front of the given ones are left, those that x lacks are added

    TypeError where ``repeats`` are no whole numbers, ValueError where one is below 1.

    >>> from brasa import ops
    >>> ops.tile([[1.0, 2.0]], (2, 2))
    array([[1., 2., 1., 2.],
           [1., 2., 1., 2.]], dtype=float32)
    """
    op = "tile"
    x = floats(op, "x", x)
    given = repeats if isinstance(repeats, (tuple, list)) else [repeats]
    counts = [at_least(op, "repeats", count, 1) for count in given]
    shape = tuple(x.shape)
    rank = max(len(shape), len(counts))
    if len(shape) < rank:
        x = reshape(x, (1,) * (rank - len(shape)) + shape)
    for axis, count in zip(range(rank - len(counts), rank), counts, strict=True):
        x = x if count == 1 else concatenate([x] * count, axis)
    return x


def _total(shifts: Sequence[int]) -> int:
    return sum(shifts)


def _rolled(x: Tensor, by: int, axis: int) -> Tensor:
    if by == 0:
        return x
    kept = x.shape[axis] - by
    return concatenate([slice(x, axis, kept, by), slice(x, axis, 0, kept)], axis)
