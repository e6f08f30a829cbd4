"""Entries of an axis by their numbers, made of embedding, comparisons and sums."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import to_array
from brasa.graph.symbol import Symbol
from brasa.ops.arguments import whole
from brasa.ops.arranging import moveaxis
from brasa.ops.broadcast import broadcast_to
from brasa.ops.casting import cast, is_cast
from brasa.ops.comparisons import equal, is_plain
from brasa.ops.dispatch import Tensor, floats, lifted, run
from brasa.ops.elementwise import add, reshape
from brasa.ops.embedding import embedding
from brasa.ops.reduce import sum  # noqa: A004
from brasa.ops.shaping import places_of
from brasa.ops.transpose import transpose
from brasa.parameter import Parameter
from brasa.whole_numbers import as_int32

# As far as float32 holds every whole number.
_MOST = 1 << 24


def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """The entries of an axis that have these numbers; with axis None of x as if it were flat.

    Numbers below 0 count from the end. Inside a model indices may be whole numbers of an input,
    which are checked as they are fed, or computed ones, by ``argmax`` or ``cast(x, "int32")``: of
    those outside the first or the last entry is taken, and none counts from the end. Gradients add
    up where an entry is taken more than once. Arrays of whole numbers and booleans keep their type.

    Shapes:
        y as x, with the axes of the indices in place of ``axis``

    TypeError for indices that are no whole numbers, ValueError for an axis that x does not have.

    Raises:
        IndexError: there is no such entry.

    >>> from brasa import ops
    >>> ops.take([[1.0, 2.0, 3.0]], [2, 0, -1], axis=1)
    array([[3., 1., 3.]], dtype=float32)
    """
    op = "take"
    if is_plain(x, indices):
        array, at = _flat_where_none(op, any_numbers(op, x), axis)
        return np.asarray(np.take(array, _places(op, indices, array.shape, at), at))
    x, at = _flat_where_none(op, floats(op, "x", x), axis)
    shape = tuple(x.shape)
    indices = lifted(indices)
    if isinstance(indices, Symbol):
        _require_whole(op, indices)
    else:
        indices = _places(op, indices, shape, at)
    others = (*shape[:at], *shape[at + 1 :])
    rows = embedding(indices, reshape(moveaxis(x, at, 0), (shape[at], prod(others))))
    y = reshape(rows, (*indices.shape, *others))
    new = list(range(len(indices.shape)))
    old = [len(new) + i for i in range(len(others))]
    order = [*old[:at], *new, *old[at:]]
    return y if order == sorted(order) else transpose(y, order)


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Tensor:
    """``y[i, j] = x[i, indices[i, j]]``: of each row the entries that its numbers name.

    Numbers below 0 count from the end. Inside a model each of the k numbers is compared with each
    of the n places, k n products for each row, and entries that are not there are 0. With axis None
    x and the indices are taken as if they were flat. Arrays of whole numbers and booleans keep
    their type.

    Shapes:
        x and indices of one rank, other axes than ``axis`` of the same extents, or 1; y as both,
        with the extent of the indices along ``axis``

    TypeError for indices that are no whole numbers, ValueError where shapes do not fit.

    Raises:
        IndexError: on arrays, there is no such entry.

    >>> from brasa import ops
    >>> ops.take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]], axis=1)
    array([[2.],
           [3.]], dtype=float32)
    """
    op = "take_along_axis"
    if is_plain(x, indices):
        array, at = _flat_where_none(op, any_numbers(op, x), axis)
        given = as_int32(op, "indices", _value(indices))
        given = given.reshape(-1) if axis is None else given
        _joint(op, array.shape, given.shape, at)
        return np.take_along_axis(array, _places(op, given, array.shape, at), at)
    x, at = _flat_where_none(op, floats(op, "x", x), axis)
    places = _as_floats(op, indices, tuple(x.shape), at)
    places = reshape(places, (prod(places.shape),)) if axis is None else places
    joint, count = _joint(op, tuple(x.shape), tuple(places.shape), at), x.shape[at]
    x = moveaxis(broadcast_to(x, (*joint[:at], count, *joint[at + 1 :])), at, -1)
    places = moveaxis(broadcast_to(places, joint), at, -1)
    form = tuple(places.shape)
    here = equal(reshape(places, (*form, 1)), np.arange(count, dtype=np.float32))
    x = broadcast_to(reshape(x, (*form[:-1], 1, count)), (*form, count))
    (chosen,) = run("gate", [x, cast(here, "float32")], caller=op)
    return moveaxis(sum(chosen, -1), -1, at)


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Parameter) else x


def any_numbers(op: str, x: Any) -> NDArray[Any]:
    """Of numbers of any kind; those with fractions as float32."""
    array = to_array(op, "x", _value(x))
    return array if array.dtype.kind in "biu" else floats(op, "x", x if x is array else array)


def _flat_where_none(op: str, x: Any, axis: int | None) -> tuple[Any, int]:
    """x, or its elements in a row, and the axis counted from the first."""
    if axis is None:
        return reshape(x, (prod(x.shape),)) if isinstance(x, Symbol) else x.reshape(-1), 0
    shape = tuple(x.shape)
    (at,) = places_of(op, [whole(op, "axis", axis)], len(shape), shape)
    return x, at


def _places(op: str, indices: Any, shape: tuple[int, ...], at: int) -> NDArray[np.int32]:
    """Indices of the host, counted from the first entry."""
    numbers, extent = as_int32(op, "indices", _value(indices)), shape[at]
    outside = (numbers < -extent) | (numbers >= extent)
    if outside.any():
        raise IndexError(
            f"{op}: indices must lie in [{-extent}, {extent}) for axis {at} of {shape}, got "
            f"{numbers[outside][0]}"
        )
    return np.where(numbers < 0, numbers + extent, numbers).astype(np.int32)


def _require_whole(op: str, indices: Symbol) -> None:
    if indices.dtype != "int32" and not is_cast(indices):
        raise TypeError(
            f"{op}: indices must be int32, got float32: use Input(dtype='int32'), "
            "or ops.cast(indices, 'int32')"
        )


def _as_floats(op: str, indices: Any, shape: tuple[int, ...], at: int) -> Tensor:
    """Indices counted from the first entry, as whole numbers in float32."""
    if shape[at] > _MOST:
        raise ValueError(f"{op}: axis {at} of {shape} must have at most {_MOST} elements")
    indices = lifted(indices)
    if not isinstance(indices, Symbol):
        return _places(op, indices, shape, at).astype(np.float32)
    _require_whole(op, indices)
    numbers = cast(indices, "float32")
    return add(numbers, (numbers < 0.0) * float(shape[at]))


def _joint(op: str, x: tuple[int, ...], indices: tuple[int, ...], at: int) -> tuple[int, ...]:
    """The shape of the result."""
    if len(x) == len(indices):
        others = [list(shape) for shape in (x, indices)]
        for shape in others:
            shape[at] = 1
        try:
            joint = np.broadcast_shapes(*map(tuple, others))
            return (*joint[:at], indices[at], *joint[at + 1 :])
        except ValueError:
            pass
    raise ValueError(
        f"{op}: x {x} and indices {indices} must have one rank, and the same extents but for axis "
        f"{at}, or 1"
    )
