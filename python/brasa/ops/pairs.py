"""Differences, quotients, and the larger or smaller of two. Contract: csrc/ops/broadcast.h."""

from __future__ import annotations

import math

from brasa.graph.arithmetic import is_number
from brasa.ops.dispatch import Out, Tensor, floats, is_symbolic, lifted, run
from brasa.ops.elementwise import scale
from brasa.ops.unary import clipped, reciprocal


def _pair(op: str, a: Tensor | float, b: Tensor | float, out: Out) -> Tensor:
    return run(op, [floats(op, "a", a), floats(op, "b", b)], out=out)[0]


def _number_last(a: Tensor | float, b: Tensor | float) -> tuple[Tensor, float | None]:
    """A tensor and the number beside it, in this order; None for the number where there is none."""
    if is_number(a) != is_number(b):
        return (b, float(a)) if is_number(a) else (a, float(b))
    return a, None


def subtract(a: Tensor | float, b: Tensor | float, *, out: Out = None) -> Tensor:
    """``y = a - b``, element by element.

    Shapes:
        both of one shape, or broadcast as in NumPy; one may be a number

    >>> from brasa import ops
    >>> ops.subtract([[1.0, 2.0], [3.0, 4.0]], [[1.0], [2.0]])
    array([[0., 1.],
           [1., 2.]], dtype=float32)
    """
    a, b = lifted(a), lifted(b)
    if is_number(b) and not is_number(a):
        return scale(a, 1.0, -float(b), out=out)
    if is_number(a) and not is_number(b):
        return scale(b, -1.0, float(a), out=out)
    return _pair("subtract", a, b, out)


def divide(a: Tensor | float, b: Tensor | float, *, out: Out = None) -> Tensor:
    """``y = a / b``, element by element; by 0 infinite, and NaN for 0 / 0.

    Shapes:
        both of one shape, or broadcast as in NumPy; one may be a number. Inside a model a number is
        multiplied by the reciprocal, and by the reciprocal of a number: one more rounding.

    ValueError for shapes that cannot be broadcast, ZeroDivisionError for the number 0 inside a
    model.

    >>> from brasa import ops
    >>> ops.divide([[1.0, 2.0], [3.0, 4.0]], [[2.0], [4.0]])
    array([[0.5 , 1.  ],
           [0.75, 1.  ]], dtype=float32)
    """
    a, b = lifted(a), lifted(b)
    if is_symbolic(a) and is_number(b):
        return scale(a, 1.0 / float(b), out=out)
    if is_number(a) and is_symbolic(b):
        return reciprocal(b, out=out) if a == 1 else scale(reciprocal(b), float(a), out=out)
    return _pair("divide", a, b, out)


def maximum(a: Tensor | float, b: Tensor | float, *, out: Out = None) -> Tensor:
    """``y = max(a, b)``, element by element; NaN where either is.

    The gradient goes to the larger one, and to equal ones by halves, as in PyTorch. Beside a number
    it goes to the tensor from that number on, itself included: ``clip(x, low=number)``.

    Shapes:
        both of one shape, or broadcast as in NumPy; one may be a number

    ValueError for shapes that cannot be broadcast, or for the number NaN.

    >>> from brasa import ops
    >>> ops.maximum([1.0, 5.0], [[3.0], [4.0]])
    array([[3., 5.],
           [4., 5.]], dtype=float32)
    """
    x, limit = _number_last(a, b)
    if limit is None:
        return _pair("maximum", a, b, out)
    return clipped("maximum", x, limit, math.inf, out)


def minimum(a: Tensor | float, b: Tensor | float, *, out: Out = None) -> Tensor:
    """``y = min(a, b)``, element by element; NaN where either is.

    The gradient goes to the smaller one, and to equal ones by halves, as in PyTorch. Beside a
    number it goes to the tensor up to that number, itself included: ``clip(x, high=number)``.

    Shapes:
        both of one shape, or broadcast as in NumPy; one may be a number

    ValueError for shapes that cannot be broadcast, or for the number NaN.

    >>> from brasa import ops
    >>> ops.minimum([1.0, 5.0], 3)
    array([1., 3.], dtype=float32)
    """
    x, limit = _number_last(a, b)
    if limit is None:
        return _pair("minimum", a, b, out)
    return clipped("minimum", x, -math.inf, limit, out)
