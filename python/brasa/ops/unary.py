"""Functions of one tensor, element by element. Contract: csrc/ops/unary.h."""

from __future__ import annotations

import math

from brasa.ops.arguments import finite, number
from brasa.ops.dispatch import Out, Tensor, floats, run
from brasa.ops.elementwise import scale


def unary(kind: str, x: Tensor, out: Out, **attributes: float) -> Tensor:
    """The op of that kind, by which errors call it."""
    return run("unary", [floats(kind, "x", x)], {"kind": kind, **attributes}, out, caller=kind)[0]


def clipped(op: str, x: Tensor, low: float, high: float, out: Out) -> Tensor:
    """``clip`` for the function ``op``, which errors name."""
    attributes = {"kind": "clip", "low": number(op, "low", low), "high": number(op, "high", high)}
    return run("unary", [floats(op, "x", x)], attributes, out, caller=op)[0]


def abs(x: Tensor, *, out: Out = None) -> Tensor:  # noqa: A001
    """``y = |x|``, element by element; its slope is 0 at 0.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.abs([-2.0, 3.0])
    array([2., 3.], dtype=float32)
    """
    return unary("abs", x, out)


def clip(x: Tensor, low: float = -math.inf, high: float = math.inf, *, out: Out = None) -> Tensor:
    """``y = min(max(x, low), high)``, element by element: each brought into [low, high].

    Gradients pass where ``low <= x <= high``, the limits included. NaN stays NaN.

    Shapes:
        x and y (...)

    ValueError unless ``low <= high``; either may be infinite.

    >>> from brasa import ops
    >>> ops.clip([-3.0, 0.5, 7.0], 0.0, 1.0)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return clipped("clip", x, low, high, out)


def exp(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = e^x``, element by element; infinite from 88.73 on, 0 below -87.34.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.exp([0.0, 1.0])
    array([1.       , 2.7182817], dtype=float32)
    """
    return unary("exp", x, out)


def log(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = ln x``, element by element: ``-inf`` at 0, NaN below 0.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.log([1.0, 10.0])
    array([0.       , 2.3025851], dtype=float32)
    """
    return unary("log", x, out)


def power(x: Tensor, exponent: float, *, out: Out = None) -> Tensor:
    """``y = x^p``, element by element, for a number p, the ``exponent``.

    The slope is ``p x^(p - 1)``. Below 0 only whole exponents have a power, others give NaN; at 0
    negative exponents give infinities. ``x^0`` is 1 for every x.

    Shapes:
        x and y (...)

    ValueError unless ``exponent`` is finite in float32, TypeError unless it is a number.

    >>> from brasa import ops
    >>> ops.power([1.0, 2.0, -3.0], 3)
    array([  1.,   8., -27.], dtype=float32)
    """
    p = finite("power", "exponent", exponent)
    # These are exact, or round once.
    kind = {2.0: "square", 0.5: "sqrt", -1.0: "reciprocal"}.get(p)
    x = floats("power", "x", x)
    if kind is not None:
        return run("unary", [x], {"kind": kind}, out, caller="power")[0]
    if p == 1.0:
        return scale(x, 1.0, out=out)
    return unary("power", x, out, exponent=p)


def reciprocal(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = 1 / x``, element by element; infinite at 0.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.reciprocal([2.0, -4.0])
    array([ 0.5 , -0.25], dtype=float32)
    """
    return unary("reciprocal", x, out)


def sqrt(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = sqrt(x)``, element by element: NaN below 0. The slope is infinite at 0.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.sqrt([4.0, 2.0])
    array([2.       , 1.4142135], dtype=float32)
    """
    return unary("sqrt", x, out)


def square(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = x^2``, element by element.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.square([3.0, -0.5])
    array([9.  , 0.25], dtype=float32)
    """
    return unary("square", x, out)
