"""Which elements are equal, smaller, infinite: conditions for ``where``. csrc/ops/broadcast.h.

On arrays the answer is NumPy's: booleans. Inside a model, between layers and on a device it is a
mask of 1 and 0 in float32, the type of all that flows there: ``where`` takes it, sums of it count,
and products with it choose. ``cast(condition, "float32")`` is that mask on arrays, too.

Conditions have no gradient: they are steps, with a slope of 0 wherever they have one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import is_elsewhere, to_array
from brasa.graph.arithmetic import is_number
from brasa.graph.symbol import Symbol
from brasa.graph.trace import Graph, graph_of
from brasa.ops.choosing import zero_or_one
from brasa.ops.dispatch import Tensor, floats, lifted, run
from brasa.ops.elementwise import multiply, scale
from brasa.ops.pairs import maximum
from brasa.ops.unary import abs  # noqa: A004
from brasa.parameter import Parameter


def equal(a: Any, b: Any) -> Tensor:
    """1 where ``a = b``, else 0; NaN equals nothing.

    Shapes:
        both of one shape, or broadcast as in NumPy; either may be a number

    ValueError for shapes that cannot be broadcast. Whole numbers past 2^24 are rounded inside a
    model, and denormals count as 0.

    >>> from brasa import ops
    >>> ops.equal([1.0, 2.0], [1.0, 3.0])
    array([ True, False])
    """
    return _compared("equal", "equal", np.equal, a, b)


def not_equal(a: Any, b: Any) -> Tensor:
    """1 where a is not b, NaN included, else 0; see ``equal``.

    >>> from brasa import ops
    >>> ops.not_equal([1.0, 2.0], 2)
    array([ True, False])
    """
    op = "not_equal"
    if is_plain(a, b):
        return _of_arrays(op, np.not_equal, a, b)
    return _negated(_compared(op, "equal", np.equal, a, b))


def less(a: Any, b: Any) -> Tensor:
    """1 where ``a < b``, else 0, and where either is NaN; in models ``a < b``. See ``equal``.

    >>> from brasa import ops
    >>> ops.less([1.0, 2.0], [[1.0], [2.0]])
    array([[False, False],
           [ True, False]])
    """
    return _compared("less", "less", np.less, a, b)


def less_equal(a: Any, b: Any) -> Tensor:
    """1 where ``a <= b``, else 0, and where either is NaN; in models ``a <= b``. See ``equal``.

    >>> from brasa import ops
    >>> ops.less_equal([1.0, 2.0], 1.0)
    array([ True, False])
    """
    return _compared("less_equal", "less_equal", np.less_equal, a, b)


def greater(a: Any, b: Any) -> Tensor:
    """1 where ``a > b``, else 0, and where either is NaN; in models ``a > b``. See ``equal``.

    >>> from brasa import ops
    >>> ops.where(ops.greater([1.0, 3.0], 2.0), 10.0, 20.0)
    array([20., 10.], dtype=float32)
    """
    return _compared("greater", "less", np.greater, a, b, turned=True)


def greater_equal(a: Any, b: Any) -> Tensor:
    """1 where ``a >= b``, else 0, and where either is NaN; in models ``a >= b``. See ``equal``.

    >>> from brasa import ops
    >>> ops.greater_equal([1.0, 3.0], 3)
    array([False,  True])
    """
    return _compared("greater_equal", "less_equal", np.greater_equal, a, b, turned=True)


def logical_and(a: Any, b: Any) -> Tensor:
    """1 where neither is 0, else 0; NaN is not 0. See ``equal``.

    >>> from brasa import ops
    >>> ops.logical_and([True, True], [True, False])
    array([ True, False])
    """
    op = "logical_and"
    return _of_arrays(op, np.logical_and, a, b) if is_plain(a, b) else multiply(*_both(op, a, b))


def logical_or(a: Any, b: Any) -> Tensor:
    """1 where either is not 0, else 0; NaN is not 0. See ``equal``.

    >>> from brasa import ops
    >>> ops.logical_or([True, False], [False, False])
    array([ True, False])
    """
    op = "logical_or"
    return _of_arrays(op, np.logical_or, a, b) if is_plain(a, b) else maximum(*_both(op, a, b))


def logical_xor(a: Any, b: Any) -> Tensor:
    """1 where one of both is 0 and the other is not, else 0; NaN is not 0. See ``equal``.

    >>> from brasa import ops
    >>> ops.logical_xor([True, False], [True, True])
    array([False,  True])
    """
    op = "logical_xor"
    if is_plain(a, b):
        return _of_arrays(op, np.logical_xor, a, b)
    return _negated(run("equal", _both(op, a, b), caller=op)[0])


def logical_not(x: Any) -> Tensor:
    """1 where x is 0, else 0; NaN is not 0. See ``equal``.

    >>> from brasa import ops
    >>> ops.logical_not([True, False])
    array([False,  True])
    """
    op = "logical_not"
    return np.logical_not(_plain(op, "x", x)) if is_plain(x) else _negated(truth_of(op, "x", x))


def isnan(x: Any) -> Tensor:
    """1 where x is not a number, else 0; see ``equal``.

    >>> from brasa import ops
    >>> ops.isnan([1.0, float("nan")])
    array([False,  True])
    """
    return np.isnan(_plain("isnan", "x", x)) if is_plain(x) else not_equal(x, x)


def isinf(x: Any) -> Tensor:
    """1 where x is infinite, of either sign, else 0; see ``equal``.

    >>> from brasa import ops
    >>> ops.isinf([1.0, -float("inf")])
    array([False,  True])
    """
    if is_plain(x):
        return np.isinf(_plain("isinf", "x", x))
    return _compared("isinf", "equal", np.equal, abs(_operand("isinf", "x", x)), math.inf)


def isfinite(x: Any) -> Tensor:
    """1 where x is neither infinite nor NaN, else 0; see ``equal``.

    >>> from brasa import ops
    >>> ops.isfinite([1.0, -float("inf"), float("nan")])
    array([ True, False, False])
    """
    if is_plain(x):
        return np.isfinite(_plain("isfinite", "x", x))
    return _compared("isfinite", "less", np.less, abs(_operand("isfinite", "x", x)), math.inf)


def is_plain(*values: Any) -> bool:
    """Whether all are the host's, so that NumPy can answer."""
    lifts = [lifted(value) for value in values]
    return graph_of(lifts) is None and not any(map(is_elsewhere, lifts))


def _plain(op: str, name: str, value: Any) -> Any:
    """An array as it is, a number as NumPy's rules for types want it."""
    if is_number(value) or isinstance(value, bool):
        return value
    return to_array(op, name, value.value if isinstance(value, Parameter) else value)


def _of_arrays(op: str, function: Callable[..., Any], a: Any, b: Any) -> NDArray[np.bool_]:
    a, b = _plain(op, "a", a), _plain(op, "b", b)
    _require_joint(op, a, b)
    return np.asarray(function(a, b))


def _require_joint(op: str, a: Any, b: Any) -> None:
    shapes = [tuple(x.shape) if hasattr(x, "shape") else np.shape(x) for x in (a, b)]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"{op}: a {shapes[0]} and b {shapes[1]} cannot be broadcast") from None


def _compared(
    op: str, kernel: str, function: Callable[..., Any], a: Any, b: Any, turned: bool = False
) -> Tensor:
    """What NumPy's function gives for arrays, for all else the kernel, ``turned`` of (b, a)."""
    if is_plain(a, b):
        return _of_arrays(op, function, a, b)
    graph = graph_of([lifted(a), lifted(b)])
    left, right = _operand(op, "a", a, graph), _operand(op, "b", b, graph)
    _require_joint(op, left, right)
    return run(kernel, [right, left] if turned else [left, right], caller=op)[0]


def _operand(op: str, name: str, value: Any, graph: Graph | None = None) -> Tensor:
    """Floats beside a tensor: whole numbers, booleans and single numbers as float32."""
    value = lifted(value)
    if isinstance(value, Symbol):
        return run("cast_float", [value], caller=op)[0] if value.dtype == "int32" else value
    if is_elsewhere(value):
        return floats(op, name, value)
    array = np.asarray(value.value if isinstance(value, Parameter) else value)
    if array.dtype.kind not in "biuf":
        array = to_array(op, name, value)  # says what is wrong with it
    array = np.asarray(array, np.float32, order="C")
    return array if graph is None else graph.constant(array)


def truth_of(op: str, name: str, value: Any, graph: Graph | None = None) -> Tensor:
    """1 where an operand is not 0, as float32."""
    if isinstance(lifted(value), Symbol):
        return zero_or_one(op, name, value)
    if is_elsewhere(value):
        return not_equal(value, 0.0)
    truth = np.asarray(_plain(op, name, value), bool).astype(np.float32)
    return truth if graph is None else graph.constant(truth)


def _both(op: str, a: Any, b: Any) -> list[Tensor]:
    graph = graph_of([lifted(a), lifted(b)])
    left, right = truth_of(op, "a", a, graph), truth_of(op, "b", b, graph)
    _require_joint(op, left, right)
    return [left, right]


def _negated(mask: Tensor) -> Tensor:
    negated: Tensor = scale(mask, -1.0, 1.0)
    return negated
