"""Products summed over axes, and weighted means: compositions of other ops, as NumPy has them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from brasa.graph.arithmetic import is_number
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor, floats
from brasa.ops.einsum import einsum
from brasa.ops.elementwise import multiply, reshape
from brasa.ops.pairs import divide
from brasa.ops.reduce import Axis, mean, sum  # noqa: A004
from brasa.ops.shaping import places_of, whole_axes

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
Axes = int | Sequence[int | Sequence[int]]


def tensordot(x1: Tensor, x2: Tensor, axes: Axes = 2) -> Tensor:
    """Products of all elements, summed over pairs of axes.

    Args:
        axes: So many of the last axes of x1, with as many of the first of x2; or two lists, the
            axes of x1 and those of x2.

    Shapes:
        the other axes of x1, then those of x2

    ValueError where there are no such axes, or a pair has two extents.

    >>> from brasa import ops
    >>> ops.tensordot([[1.0, 2.0]], [[3.0], [4.0]], axes=1)
    array([[11.]], dtype=float32)
    """
    op = "tensordot"
    x1, x2 = floats(op, "x1", x1), floats(op, "x2", x2)
    return _contracted(op, x1, x2, *_pairs(op, axes, len(x1.shape), len(x2.shape)))


def dot(x1: Tensor | float, x2: Tensor | float) -> Tensor:
    """The last axis of x1 by the last but one of x2, or by its only one; numbers multiply.

    Shapes:
        (..., n) and (n,), or (..., n) and (..., n, m): all other axes of x1, then those of x2

    ValueError where these axes have two extents.

    >>> from brasa import ops
    >>> ops.dot([1.0, 2.0], [3.0, 4.0])
    array(11., dtype=float32)
    """
    return _last_axis_by("dot", x1, x2, -2)


def inner(x1: Tensor | float, x2: Tensor | float) -> Tensor:
    """The last axis of x1 by the last of x2; numbers multiply.

    Shapes:
        (..., n) and (..., n): all other axes of x1, then those of x2

    ValueError where these axes have two extents.

    >>> from brasa import ops
    >>> ops.inner([[1.0, 2.0]], [[3.0, 4.0], [0.0, 1.0]])
    array([[11.,  2.]], dtype=float32)
    """
    return _last_axis_by("inner", x1, x2, -1)


def vdot(x1: Tensor, x2: Tensor) -> Tensor:
    """The sum of the products of all elements, both taken as if they were flat.

    ValueError where they have not as many elements.

    >>> from brasa import ops
    >>> ops.vdot([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 1.0]])
    array(5., dtype=float32)
    """
    op = "vdot"
    x1, x2 = floats(op, "x1", x1), floats(op, "x2", x2)
    shapes = tuple(x1.shape), tuple(x2.shape)
    if prod(shapes[0]) != prod(shapes[1]):
        raise ValueError(f"{op}: x1 {shapes[0]} and x2 {shapes[1]} must have as many elements")
    return _contracted(op, _flat(x1), _flat(x2), [0], [0])


def outer(x1: Tensor, x2: Tensor) -> Tensor:
    """``y[i, j] = x1[i] * x2[j]``, both taken as if they were flat.

    Shapes:
        m elements and n elements, y (m, n)

    >>> from brasa import ops
    >>> ops.outer([1.0, 2.0], [3.0, 4.0])
    array([[3., 4.],
           [6., 8.]], dtype=float32)
    """
    op = "outer"
    x1, x2 = floats(op, "x1", x1), floats(op, "x2", x2)
    rows, columns = prod(x1.shape), prod(x2.shape)
    return multiply(reshape(x1, (rows, 1)), reshape(x2, (1, columns)))


def average(x: Tensor, axis: Axis = None, weights: Tensor | None = None) -> Tensor:
    """The mean ``sum(w * x) / sum(w)`` over one axis, several, or with None all of them.

    Shapes:
        x (...), y without these axes; weights as x, or a vector for the one axis. None for 1 each.

    ValueError for an axis that x does not have, or weights of another shape; where the weights' sum
    is 0, y is NaN or infinite.

    >>> from brasa import ops
    >>> ops.average([[1.0, 2.0], [3.0, 6.0]], axis=1, weights=[3.0, 1.0])
    array([1.25, 3.75], dtype=float32)
    """
    op = "average"
    x = floats(op, "x", x)
    shape = tuple(x.shape)
    axes = range(len(shape)) if axis is None else whole_axes(op, axis)
    places = sorted(places_of(op, axes, len(shape), shape))
    if weights is None:
        return mean(x, places)
    weights = floats(op, "weights", weights)
    if tuple(weights.shape) == shape:
        return divide(sum(multiply(x, weights), places), sum(weights, places))
    if len(places) != 1 or tuple(weights.shape) != (shape[places[0]],):
        raise ValueError(
            f"{op}: weights must have the shape of x, {shape}, or be a vector for the one axis, "
            f"got {tuple(weights.shape)} for axis {axis}"
        )
    form = [n if place in places else 1 for place, n in enumerate(shape)]
    return divide(sum(multiply(x, reshape(weights, form)), places), sum(weights))


def _last_axis_by(op: str, x1: Any, x2: Any, axis: int) -> Tensor:
    """Products summed over the last axis of x1 and this of x2; what has no axes multiplies."""
    if is_number(x1) or is_number(x2):
        return multiply(x1, x2)
    x1, x2 = floats(op, "x1", x1), floats(op, "x2", x2)
    if not x1.shape or not x2.shape:
        return multiply(x1, x2)
    return _contracted(op, x1, x2, [-1], [axis if len(x2.shape) > 1 else -1])


def _flat(x: Tensor) -> Tensor:
    return reshape(x, (prod(x.shape),))


def _pairs(op: str, axes: Any, rank1: int, rank2: int) -> tuple[list[int], list[int]]:
    """The axes of both that are summed over, in pairs."""
    if isinstance(axes, (tuple, list)):
        if len(axes) != 2:
            raise ValueError(f"{op}: axes must be a whole number or two lists, got {axes!r}")
        first, second = (whole_axes(op, one) for one in axes)
        if len(first) != len(second):
            raise ValueError(f"{op}: axes must be as many of x1 as of x2, got {first} and {second}")
        return first, second
    count = whole(op, "axes", axes)
    if not 0 <= count <= min(rank1, rank2):
        raise ValueError(
            f"{op}: axes must lie in [0, {min(rank1, rank2)}] for operands of rank {rank1} and "
            f"{rank2}, got {count}"
        )
    return list(range(rank1 - count, rank1)), list(range(count))


def _contracted(
    op: str, x1: Tensor, x2: Tensor, axes1: Sequence[int], axes2: Sequence[int]
) -> Tensor:
    shape1, shape2 = tuple(x1.shape), tuple(x2.shape)
    places_of(op, axes1, len(shape1), shape1)
    places_of(op, axes2, len(shape2), shape2)
    left = list(_LETTERS[: len(shape1)])
    right = list(_LETTERS[len(shape1) : len(shape1) + len(shape2)])
    for first, second in zip(axes1, axes2, strict=True):
        if shape1[first] != shape2[second]:
            raise ValueError(
                f"{op}: axis {first} of x1 {shape1} and axis {second} of x2 {shape2} must have "
                "the same extent"
            )
        right[second] = left[first]
    result = [c for c in left if c not in right] + [c for c in right if c not in left]
    return einsum(f"{''.join(left)},{''.join(right)}->{''.join(result)}", x1, x2)
