"""Rows of a table by their numbers. Contract: csrc/ops/embedding.h."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa.graph.symbol import Symbol
from brasa.ops.arguments import fits_int64, whole
from brasa.ops.casting import is_cast
from brasa.ops.comparisons import equal
from brasa.ops.dispatch import Out, Tensor, floats, numbers, run
from brasa.ops.elementwise import reshape
from brasa.ops.unary import clip
from brasa.whole_numbers import as_ids

# More than there are numbers of 32 bits.
_ANY = 1 << 31


def embedding(ids: Any, table: Tensor, *, out: Out = None) -> Tensor:
    """``y[i] = table[ids[i]]``: a row of the table for each number.

    Shapes:
        ids (...) whole numbers in [0, vocabulary); table (vocabulary, D); y (..., D)

    Inside a model ids may be computed, too, by ``argmax`` or ``cast(x, "int32")``: those outside
    of the table then name its first or its last row.

    Raises:
        IndexError: an id is no row of the table.

    >>> from brasa import ops
    >>> ops.embedding([2, 0], [[1.0], [2.0], [3.0]])
    array([[3.],
           [1.]], dtype=float32)
    """
    op = "embedding"
    table = floats(op, "table", table)
    rows = table.shape[0] if len(table.shape) == 2 else _ANY  # the op refuses other tables
    if is_cast(ids) and rows > 0:
        (ids,) = run("cast_int", [clip(ids, 0.0, _last(rows))], caller=op)
    ids = _numbers(op, ids, rows, "the table has {} rows")
    return run(op, [ids, table], out=out)[0]


def embedding_backward(dy: Tensor, ids: Any, vocabulary: int, *, out: Out = None) -> Tensor:
    """The gradient by the table: each row is the sum of ``dy`` over the ids that name it.

    Shapes:
        dy (..., D); ids (...); dtable (vocabulary, D)

    >>> from brasa import ops
    >>> ops.embedding_backward([[1.0], [2.0], [4.0]], [1, 0, 1], 3)
    array([[2.],
           [5.],
           [0.]], dtype=float32)
    """
    op = "embedding_backward"
    rows = fits_int64(op, "vocabulary", whole(op, "vocabulary", vocabulary))
    ids = _numbers(op, ids, rows, "vocabulary is {}")
    return run(op, [floats(op, "dy", dy), ids], {"vocabulary": rows}, out)[0]


def one_hot(ids: Any, depth: int, *, out: Out = None) -> Tensor:
    """``y[i, j] = 1`` where ``j == ids[i]``, else 0.

    Shapes:
        ids (...) whole numbers in [0, depth); y (..., depth)

    Inside a model ids may be computed, too, by ``argmax`` or ``cast(x, "int32")``: those outside
    of [0, depth) then give rows of zeros.

    Raises:
        IndexError: an id is outside [0, depth).

    >>> from brasa import ops
    >>> ops.one_hot([1, 0], 3)
    array([[0., 1., 0.],
           [1., 0., 0.]], dtype=float32)
    """
    op = "one_hot"
    depth = fits_int64(op, "depth", whole(op, "depth", depth))
    if is_cast(ids) and depth > 0:
        return equal(reshape(ids, (*ids.shape, 1)), np.arange(depth, dtype=np.float32))
    return run(op, [_numbers(op, ids, depth, "depth is {}")], {"depth": depth}, out)[0]


def _last(rows: int) -> float:
    # float32 has every whole number up to 2^24: past it one might be rounded beyond the table.
    return float(min(rows, 1 << 24) - 1)


def _numbers(op: str, ids: Any, limit: int, reason: str) -> Any:
    if isinstance(ids, Symbol) and ids.dtype == "float32":
        raise TypeError(
            f"{op}: ids must be int32, got float32: use Input(dtype='int32'), "
            "or ops.cast(ids, 'int32')"
        )
    return numbers(op, "ids", ids, lambda a: as_ids(op, "ids", a, limit, reason.format(limit)))
