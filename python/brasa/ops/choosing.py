"""Elements chosen by a condition, and triangles of matrices: for attention of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa.arrays import to_array
from brasa.graph.arithmetic import is_number
from brasa.graph.symbol import Symbol
from brasa.graph.trace import Graph
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Out, Tensor, floats, lifted, run
from brasa.ops.elementwise import add, concatenate, reshape, scale, slice  # noqa: A004
from brasa.ops.masks import mask_of_ids, mask_of_rows


def where(condition: Any, a: Tensor | float, b: Tensor | float, *, out: Out = None) -> Tensor:
    """``y = a`` where the condition is not 0, else ``b``: as it is, whatever the other one holds.

    Gradients go to what was chosen. The condition has none.

    Shapes:
        all of one shape, or broadcast as in NumPy; a and b may be numbers. The condition is of
        booleans or numbers; inside a model it is a tensor, such as ``tril(ones_like(scores))``.

    >>> from brasa import ops
    >>> ops.where([True, False], [1.0, 2.0], -1.0)
    array([ 1., -1.], dtype=float32)
    """
    op = "where"
    chosen = zero_or_one(op, "condition", condition)
    graph = chosen.graph if isinstance(chosen, Symbol) else None
    others = scale(chosen, -1.0, 1.0)
    parts = [
        run("gate", [_tensor(op, name, value, graph), chosen_here], caller=op)[0]
        for name, value, chosen_here in (("a", a, chosen), ("b", b, others))
    ]
    return add(*parts, out=out)  # one of both is 0


def tril(x: Tensor, k: int = 0, *, out: Out = None) -> Tensor:
    """The lower triangle: 0 above the ``k``-th diagonal, where column > row + k.

    ``tril(ones_like(scores))`` is 1 where a step sees no later one. In a model it follows from the
    shapes alone: predictions compute it once.

    Shapes:
        x and y (..., T, S)

    ValueError where x has less than two axes, TypeError where ``k`` is no whole number.

    >>> from brasa import ops
    >>> ops.tril([[1.0, 2.0], [3.0, 4.0]])
    array([[1., 0.],
           [3., 4.]], dtype=float32)
    """
    op = "tril"
    x = floats(op, "x", x)
    if len(x.shape) < 2:
        raise ValueError(f"{op}: x must have rank 2 or more (..., T, S), got {tuple(x.shape)}")
    rows, columns = x.shape[-2:]
    ones = triangle(x, rows, columns, whole(op, "k", k))
    return run("gate", [x, ones], out=out, caller=op)[0]


def triu(x: Tensor, k: int = 0, *, out: Out = None) -> Tensor:
    """The upper triangle: 0 below the ``k``-th diagonal, where column < row + k; see ``tril``.

    >>> from brasa import ops
    >>> ops.triu([[1.0, 2.0], [3.0, 4.0]])
    array([[1., 2.],
           [0., 4.]], dtype=float32)
    """
    op = "triu"
    x = floats(op, "x", x)
    if len(x.shape) < 2:
        raise ValueError(f"{op}: x must have rank 2 or more (..., T, S), got {tuple(x.shape)}")
    rows, columns = x.shape[-2:]
    below = triangle(x, rows, columns, whole(op, "k", k) - 1)
    return run("gate", [x, scale(below, -1.0, 1.0)], out=out, caller=op)[0]


def triangle(beside: Tensor, rows: int, columns: int, k: int = 0) -> Tensor:
    """(rows, columns): 1 where column <= row + k, else 0, for a place beside that tensor."""
    k = max(-rows - 1, min(k, columns - 1))
    if not isinstance(beside, Symbol):
        return np.tril(np.ones((rows, columns), np.float32), k)
    graph, length = beside.graph, rows + columns
    if not rows or not columns:
        return graph.zeros((rows, columns))
    # Row i holds ring[(j - i) mod length]: the ring written again and again, in rows that are one
    # shorter than it. ring[d] is 1 for the distances d = column - row, from -rows on, up to k.
    ones = [(k + 1, 1.0), (columns - 1 - k, 0.0), (rows, 1.0)]
    if k < 0:
        ones = [(columns, 0.0), (rows + k + 1, 1.0), (-k - 1, 0.0)]
    ring = concatenate([_filled(graph, (n,), value) for n, value in ones if n > 0])
    (rings,) = graph.add("broadcast_to", [ring], {"shape": [rows, length]})
    shifted = slice(reshape(rings, (rows * length,)), 0, 0, rows * (length - 1))
    return slice(reshape(shifted, (rows, length - 1)), 1, 0, columns)


def zero_or_one(op: str, name: str, value: Any) -> Tensor:
    """1 where a condition holds, else 0, as float32."""
    value = lifted(value)
    if isinstance(value, Symbol):
        if value.dtype != "float32":
            return mask_of_ids(value, 0)
        return mask_of_rows(reshape(value, (*value.shape, 1)))
    array = to_array(op, name, value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{op}: {name} must be of booleans or numbers, got {array.dtype}")
    return np.asarray(array != 0, np.float32)


def _tensor(op: str, name: str, value: Any, graph: Graph | None) -> Tensor:
    """An operand; a number as a tensor of one element, which is repeated."""
    value = lifted(value)
    if is_number(value):
        if graph is None:
            return np.full(1, value, np.float32)
        return _filled(graph, (1,), float(value))
    return floats(op, name, value)


def _filled(graph: Graph, shape: tuple[int, ...], value: float) -> Symbol:
    zeros = graph.zeros(shape)
    filled: Symbol = scale(zeros, 1.0, value) if value else zeros
    return filled
