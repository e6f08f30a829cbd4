"""Conditions over axes: whether any or all hold, and how many."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa.arrays import to_array
from brasa.graph.symbol import Symbol
from brasa.ops.arguments import truth
from brasa.ops.casting import whole_part
from brasa.ops.comparisons import equal, is_plain, logical_not, not_equal, truth_of
from brasa.ops.dispatch import Tensor
from brasa.ops.reduce import Axis, sum  # noqa: A004
from brasa.ops.shaping import places_of, whole_axes
from brasa.parameter import Parameter


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:  # noqa: A001
    """Whether one element is not 0, over one axis, several, or with None all of them.

    NaN is not 0, and of no elements none is. On arrays the answer is of booleans, inside a model 1
    or 0 in float32; it has no gradient.

    Shapes:
        y as x, without these axes, or with ``keepdims`` with extents of 1 there

    ValueError for an axis that x does not have.

    >>> from brasa import ops
    >>> ops.any([[0.0, 2.0], [0.0, 0.0]], axis=1)
    array([ True, False])
    """
    op = "any"
    if is_plain(x):
        return np.asarray(np.any(*_of_array(op, x, axis), keepdims=truth(op, "keepdims", keepdims)))
    return not_equal(_sum(op, truth_of(op, "x", x), axis, keepdims), 0.0)


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:  # noqa: A001
    """Whether no element is 0, over one axis, several, or with None all of them; see ``any``.

    >>> from brasa import ops
    >>> ops.all([[1.0, 2.0], [1.0, 0.0]], axis=1)
    array([ True, False])
    """
    op = "all"
    if is_plain(x):
        return np.asarray(np.all(*_of_array(op, x, axis), keepdims=truth(op, "keepdims", keepdims)))
    return equal(_sum(op, logical_not(truth_of(op, "x", x)), axis, keepdims), 0.0)


def count_nonzero(x: Any, axis: Axis = None) -> Tensor:
    """How many elements are not 0, over one axis, several, or with None all of them.

    NaN is not 0. On arrays the count is int32, inside a model whole numbers in float32, exact up to
    2^24; it has no gradient.

    Shapes:
        y as x, without these axes

    ValueError for an axis that x does not have.

    >>> from brasa import ops
    >>> ops.count_nonzero([[0.0, 2.0], [3.0, 4.0]], axis=1)
    array([1, 2], dtype=int32)
    """
    op = "count_nonzero"
    if is_plain(x):
        return np.asarray(np.count_nonzero(*_of_array(op, x, axis)), np.int32)
    count = _sum(op, truth_of(op, "x", x), axis, False)
    return whole_part(op, count) if isinstance(count, Symbol) else count


def _of_array(op: str, x: Any, axis: Axis) -> tuple[Any, tuple[int, ...] | None]:
    """The array, and the axes as NumPy takes them."""
    array = to_array(op, "x", x.value if isinstance(x, Parameter) else x)
    return array, None if axis is None else tuple(_axes(op, axis, array.shape))


def _sum(op: str, mask: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    """Of 1 and 0: however it is rounded, it is 0 only where all are."""
    shape = tuple(mask.shape)
    return sum(
        mask, None if axis is None else _axes(op, axis, shape), truth(op, "keepdims", keepdims)
    )


def _axes(op: str, axis: Any, shape: tuple[int, ...]) -> list[int]:
    return sorted(places_of(op, whole_axes(op, axis), len(shape), shape))
