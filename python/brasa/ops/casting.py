"""Types of arrays, and what stands for them inside models. Contract: csrc/ops/cast.h."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa.arrays import is_elsewhere, to_array, to_float32
from brasa.graph.layout import origin_of
from brasa.graph.symbol import Symbol
from brasa.ops.choosing import zero_or_one
from brasa.ops.comparisons import not_equal
from brasa.ops.dispatch import Tensor, floats, lifted, run
from brasa.parameter import Parameter
from brasa.whole_numbers import as_int32

_KNOWN = ("float32", "int32", "bool")


def cast(x: Any, dtype: Any) -> Tensor:
    """x as "float32", "int32" or "bool".

    Fractions are dropped towards 0: 2.7 and -2.7 are 2 and -2. What int32 does not hold becomes its
    least or largest number, NaN becomes 0. As "bool" all but 0 is true, NaN included.

    Inside a model, where all is float32, "int32" leaves whole numbers in float32 (exact up to 2^24;
    ``embedding`` and ``one_hot`` take them), and "bool" a mask of 1 and 0. To float32 gradients
    pass; to the others there are none.

    Shapes:
        x and y (...)

    ValueError for another type, and for whole numbers that the type cannot hold.

    >>> from brasa import ops
    >>> ops.cast([2.7, -2.7], "int32")
    array([ 2, -2], dtype=int32)
    >>> ops.cast([True, False], "float32")
    array([1., 0.], dtype=float32)
    """
    op = "cast"
    kind = dtype_of(op, dtype)
    x = lifted(x)
    if isinstance(x, Symbol) or is_elsewhere(x):
        return _inside(op, x, kind)
    array = to_array(op, "x", x.value if isinstance(x, Parameter) else x)
    if kind == "bool":
        return np.asarray(array != 0)
    if kind == "float32":
        return to_float32(op, "x", array)
    if array.dtype.kind == "f":
        return run("cast_int", [to_float32(op, "x", array)], caller=op)[0]
    return as_int32(op, "x", array.astype(np.int32) if array.dtype == bool else array)


def is_cast(x: Any) -> bool:
    """Whether a tensor inside a model holds whole numbers in float32, as ``cast`` leaves them."""
    if not isinstance(x, Symbol):
        return False
    node = origin_of(x).node
    return node is not None and node.op == "cast_float"


def whole_part(op: str, x: Symbol) -> Symbol:
    """x without fractions, in float32, and known for it."""
    (numbers,) = run("cast_int", [x], caller=op)
    result: Symbol = run("cast_float", [numbers], caller=op)[0]
    return result


def _inside(op: str, x: Any, kind: str) -> Tensor:
    if not isinstance(x, Symbol):
        if kind == "bool":
            return not_equal(x, 0.0)
        x = floats(op, "x", x)
        return x if kind == "float32" else run("cast_int", [x], caller=op)[0]
    if kind == "bool":
        return zero_or_one(op, "x", x)
    if x.dtype == "int32":
        return run("cast_float", [x], caller=op)[0]
    return x if kind == "float32" else whole_part(op, x)


def dtype_of(op: str, dtype: Any) -> str:
    """The name of a type that arrays have here; ValueError for another one."""
    try:
        name = np.dtype(dtype).name if dtype is not None else ""
    except TypeError:
        name = ""
    if name not in _KNOWN:
        raise ValueError(f"{op}: dtype must be one of {', '.join(_KNOWN)}, got {dtype!r}")
    return name
