"""Waves, and functions that keep their digits near 0 and 1. Contract: csrc/ops/unary.h."""

from __future__ import annotations

from brasa.ops.dispatch import Out, Tensor
from brasa.ops.unary import unary


def sin(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = sin(x)``, element by element, x in radians; NaN where x is infinite.

    Large numbers lose no digits: the error is at most 2.5 units in the last place everywhere.

    >>> from brasa import ops
    >>> ops.sin([0.0, 1.0])
    array([0.      , 0.841471], dtype=float32)
    """
    return unary("sin", x, out)


def cos(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = cos(x)``, element by element; see ``sin``.

    >>> from brasa import ops
    >>> ops.cos([0.0, 1.0])
    array([1.       , 0.5403023], dtype=float32)
    """
    return unary("cos", x, out)


def erf(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = 2 / sqrt(pi) * integral of e^(-t^2) from 0 to x``, element by element: in [-1, 1].

    >>> from brasa import ops
    >>> ops.erf([0.0, 0.5])
    array([0.       , 0.5204999], dtype=float32)
    """
    return unary("erf", x, out)


def expm1(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = e^x - 1``, element by element, with all digits for small x, too.

    >>> from brasa import ops
    >>> ops.expm1([0.0, 1e-6])
    array([0.0000000e+00, 1.0000005e-06], dtype=float32)
    """
    return unary("expm1", x, out)


def log1p(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = ln(1 + x)``, with all digits for small x; ``-inf`` at -1, NaN below it.

    >>> from brasa import ops
    >>> ops.log1p([0.0, 1e-6])
    array([0.000000e+00, 9.999995e-07], dtype=float32)
    """
    return unary("log1p", x, out)


def rsqrt(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = 1 / sqrt(x)``, element by element: infinite at 0, NaN below.

    >>> from brasa import ops
    >>> ops.rsqrt([4.0, 0.25])
    array([0.5, 2. ], dtype=float32)
    """
    return unary("rsqrt", x, out)
