"""Signs and whole numbers. Contract: csrc/ops/unary.h.

These are steps: their slope is 0 wherever they have one, so no gradient passes.
"""

from __future__ import annotations

from brasa.ops.arguments import whole
from brasa.ops.dispatch import Out, Tensor, floats
from brasa.ops.elementwise import scale
from brasa.ops.pairs import divide
from brasa.ops.unary import unary


def sign(x: Tensor, *, out: Out = None) -> Tensor:
    """``y = 1`` where ``x > 0``, -1 where ``x < 0``, 0 where x is 0; NaN stays NaN.

    >>> from brasa import ops
    >>> ops.sign([-2.5, 0.0, 3.0])
    array([-1.,  0.,  1.], dtype=float32)
    """
    return unary("sign", x, out)


def floor(x: Tensor, *, out: Out = None) -> Tensor:
    """The largest whole number ``y <= x``, element by element.

    >>> from brasa import ops
    >>> ops.floor([-1.5, 1.5])
    array([-2.,  1.], dtype=float32)
    """
    return unary("floor", x, out)


def ceil(x: Tensor, *, out: Out = None) -> Tensor:
    """The smallest whole number ``y >= x``, element by element.

    >>> from brasa import ops
    >>> ops.ceil([-1.5, 1.5])
    array([-1.,  2.], dtype=float32)
    """
    return unary("ceil", x, out)


def round(x: Tensor, decimals: int = 0, *, out: Out = None) -> Tensor:  # noqa: A001
    """The nearest whole number, of two the even one, or with so many ``decimals``.

    ``decimals`` may be negative: -2 rounds to hundreds. TypeError where it is no whole number,
    ValueError where ``10^decimals`` is no float32.

    >>> from brasa import ops
    >>> ops.round([0.5, 1.5, -2.7])
    array([ 0.,  2., -3.], dtype=float32)
    >>> ops.round([3.14159], 2)
    array([3.14], dtype=float32)
    """
    op = "round"
    digits = whole(op, "decimals", decimals)
    if digits == 0:
        return unary(op, x, out)
    if not -38 <= digits <= 38:
        raise ValueError(f"{op}: decimals must lie in [-38, 38], got {digits}")
    rounded = unary(op, scale(floats(op, "x", x), 10.0**digits), None)
    if digits < 0:
        return scale(rounded, 10.0**-digits, out=out)
    return divide(rounded, 10.0**digits, out=out)
