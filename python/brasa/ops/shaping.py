"""Axes of extent 1, and what follows from sums: compositions of other ops, in Keras's spelling."""

from __future__ import annotations

from collections.abc import Sequence

from brasa.ops.arguments import whole
from brasa.ops.dispatch import Out, Tensor, floats, is_symbolic
from brasa.ops.elementwise import concatenate, reshape, scale


def expand_dims(x: Tensor, axis: int | Sequence[int]) -> Tensor:
    """New axes of extent 1, at these places of the result.

    Shapes:
        x (...), y (...) with ``axis`` among its axes; -1 is behind all others

    >>> from brasa import ops
    >>> ops.expand_dims([[1.0, 2.0]], 1).shape
    (1, 1, 2)
    """
    op = "expand_dims"
    x = floats(op, "x", x)
    axes = whole_axes(op, axis)
    rank = len(x.shape) + len(axes)
    new = places_of(op, axes, rank, tuple(x.shape))
    extents = iter(x.shape)
    return reshape(x, [1 if place in new else next(extents) for place in range(rank)])


def squeeze(x: Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """Without axes of extent 1: these, or with None all of them.

    Inside a model None leaves the first axis, the batch.

    Shapes:
        y as x, without these axes

    ValueError for an axis of another extent than 1.

    >>> from brasa import ops
    >>> ops.squeeze([[[1.0, 2.0]]], 1).shape
    (1, 2)
    """
    op = "squeeze"
    x = floats(op, "x", x)
    shape = tuple(x.shape)
    if axis is None:
        first = 1 if is_symbolic(x) else 0
        gone = {place for place, extent in enumerate(shape) if extent == 1 and place >= first}
    else:
        gone = places_of(op, whole_axes(op, axis), len(shape), shape)
        for place in sorted(gone):
            if shape[place] != 1:
                raise ValueError(
                    f"{op}: axis must be of extent 1, got axis {place} of {shape}, which has "
                    f"{shape[place]}"
                )
    return reshape(x, [extent for place, extent in enumerate(shape) if place not in gone])


def stack(xs: Sequence[Tensor], axis: int = 0, *, out: Out = None) -> Tensor:
    """Tensors of one shape beside each other, along a new axis.

    Shapes:
        k times (...), y (...) with an axis of extent k at ``axis``; -1 is behind all others

    ValueError where the shapes differ, or there is nothing to stack.

    >>> from brasa import ops
    >>> ops.stack([[1.0, 2.0], [3.0, 4.0]], axis=-1)
    array([[1., 3.],
           [2., 4.]], dtype=float32)
    """
    op = "stack"
    if not isinstance(xs, (list, tuple)) or not xs:
        raise ValueError(f"{op}: needs a list of at least 1 input, got {xs!r:.60}")
    operands = [floats(op, f"x{i}", x) for i, x in enumerate(xs)]
    shapes = [tuple(x.shape) for x in operands]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(f"{op}: x{i} must have the shape of x0, {shapes[0]}, got {shape}")
    (place,) = places_of(op, [whole(op, "axis", axis)], len(shapes[0]) + 1, shapes[0])
    return concatenate([expand_dims(x, place) for x in operands], place, out=out)


def negative(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = -x``, element by element.

    >>> from brasa import ops
    >>> ops.negative([1.0, -2.0])
    array([-1.,  2.], dtype=float32)
    """
    return scale(floats("negative", "x", x), -1.0, out=out)


def whole_axes(op: str, axis: int | Sequence[int]) -> list[int]:
    """One axis or several as a list; TypeError unless they are whole numbers."""
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    return [whole(op, "axis", one) for one in given]


def places_of(op: str, axes: Sequence[int], rank: int, shape: tuple[int, ...]) -> set[int]:
    """The axes, counted from the first; ValueError where one is not there, or given twice."""
    for axis in axes:
        if not -rank <= axis < rank:
            raise ValueError(f"{op}: axis must lie in [{-rank}, {rank}) for {shape}, got {axis}")
    places = {axis % rank for axis in axes}
    if len(places) != len(axes):
        raise ValueError(f"{op}: axis must name each axis once, got {tuple(axes)}")
    return places
