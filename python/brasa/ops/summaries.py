"""What sums up an axis, and its parts: compositions of other ops, in Keras's spelling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from brasa.graph.symbol import Symbol
from brasa.ops.arguments import kind_or_value, whole
from brasa.ops.comparisons import equal
from brasa.ops.dispatch import Tensor, floats
from brasa.ops.elementwise import add, reshape
from brasa.ops.elementwise import slice as part_of
from brasa.ops.pairs import subtract
from brasa.ops.reduce import Axis, mean
from brasa.ops.reduce import max as largest
from brasa.ops.reduce import sum as total
from brasa.ops.shaping import places_of, whole_axes
from brasa.ops.unary import abs as size_of
from brasa.ops.unary import clip, exp, log, sqrt, square

_LARGEST = float(np.finfo(np.float32).max)


def var(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance ``mean((x - mean(x))^2)`` over one axis, several, or with None all of them.

    Shapes:
        x (...), y without these axes, or with ``keepdims`` with extents of 1 there

    ValueError for an axis that x does not have.

    >>> from brasa import ops
    >>> ops.var([[1.0, 3.0], [2.0, 2.0]], axis=1)
    array([1., 0.], dtype=float32)
    """
    x, axes = _operand("var", x, axis)
    return mean(square(subtract(x, mean(x, axes, keepdims=True))), axes, keepdims)


def std(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The standard deviation ``sqrt(var(x))``; where that is 0 its slope counts as 0.

    Shapes:
        as :func:`var`

    ValueError for an axis that x does not have.

    >>> from brasa import ops
    >>> ops.std([[1.0, 3.0], [2.0, 2.0]], axis=1)
    array([1., 0.], dtype=float32)
    """
    x, axes = _operand("std", x, axis)
    return _root(var(x, axes, keepdims))


def norm(x: Tensor, ord: float | None = None, axis: Axis = None, keepdims: bool = False) -> Tensor:  # noqa: A002
    """The length of vectors along one axis, several, or with None all of them.

    ``sqrt(sum(x^2))``, whose slope at 0 counts as 0; with ``ord=1`` ``sum(|x|)``, with ``ord=inf``
    ``max(|x|)``.

    Shapes:
        as :func:`var`

    ValueError for another ``ord``, or an axis that x does not have.

    >>> from brasa import ops
    >>> ops.norm([[3.0, -4.0]], axis=-1), ops.norm([[3.0, -4.0]], ord=1, axis=-1)
    (array([5.], dtype=float32), array([7.], dtype=float32))
    """
    x, axes = _operand("norm", x, axis)
    if ord not in (None, 1, 2, np.inf) or isinstance(ord, bool):
        raise ValueError(f"norm: ord must be None, 1, 2 or inf, got {kind_or_value(ord)}")
    if ord == 1:
        return total(size_of(x), axes, keepdims)
    if ord == np.inf:
        return largest(size_of(x), axes, keepdims)
    return _root(total(square(x), axes, keepdims))


def logsumexp(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """``log(sum(e^x))`` over one axis, several, or with None all of them; no term overflows.

    The largest element m is taken out: ``m + log(sum(e^(x - m)))``.

    Shapes:
        as :func:`var`

    ValueError for an axis that x does not have, or without elements.

    >>> from brasa import ops
    >>> ops.logsumexp([[1000.0, 1000.0], [0.0, -1000.0]], axis=1).round(2)
    array([1000.69,    0.  ], dtype=float32)
    """
    x, axes = _operand("logsumexp", x, axis)
    # Of infinite elements nothing finite is left when they are taken away from themselves.
    m = clip(largest(x, axes, keepdims=True), -_LARGEST, _LARGEST)
    y = add(m, log(total(exp(subtract(x, m)), axes, keepdims=True)))
    return y if keepdims else reshape(y, _without(axes, x.shape))


def split(x: Tensor, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """An axis in parts: so many of one extent, or cut before these entries.

    Shapes:
        each part as x, with its share of the axis; no part is empty

    ValueError where the axis has no such parts, or x no such axis.

    >>> from brasa import ops
    >>> mean, log_variance = ops.split([[1.0, 2.0, 3.0, 4.0]], 2, axis=-1)
    >>> log_variance
    array([[3., 4.]], dtype=float32)
    """
    op = "split"
    x = floats(op, "x", x)
    shape = tuple(x.shape)
    (place,) = places_of(op, [whole(op, "axis", axis)], len(shape), shape)
    extent = shape[place]
    if isinstance(indices_or_sections, (list, tuple, np.ndarray)):
        cuts = [whole(op, "indices_or_sections", cut) for cut in indices_or_sections]
    else:
        count = whole(op, "indices_or_sections", indices_or_sections)
        if count < 1 or extent % count:
            raise ValueError(
                f"{op}: indices_or_sections must divide the {extent} entries of axis {axis}, got "
                f"{count}"
            )
        cuts = [extent // count * i for i in range(1, count)]
    stretches = list(pairwise([0, *cuts, extent]))
    if any(start >= end for start, end in stretches):
        raise ValueError(
            f"{op}: indices_or_sections must rise, between 0 and the {extent} entries of axis "
            f"{axis}, got {cuts}"
        )
    return [part_of(x, place, start, end - start) for start, end in stretches]


def _root(squares: Tensor) -> Tensor:
    """The root of a sum of squares: of 0, whose slope would be infinite, that of 1, less 1."""
    if not isinstance(squares, Symbol):
        return sqrt(squares)
    is_zero = equal(squares, 0.0)
    return subtract(sqrt(add(squares, is_zero)), is_zero)


def _operand(op: str, x: Tensor, axis: Axis) -> tuple[Tensor, list[int]]:
    """The operand, and the axes counted from the first."""
    x = floats(op, "x", x)
    shape = tuple(x.shape)
    axes = range(len(shape)) if axis is None else whole_axes(op, axis)
    return x, sorted(places_of(op, axes, len(shape), shape))


def _without(axes: Sequence[int], shape: Sequence[int]) -> list[int]:
    return [extent for place, extent in enumerate(shape) if place not in axes]
