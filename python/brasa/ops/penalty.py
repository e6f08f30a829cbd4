"""What large weights add to a loss. Contract: csrc/ops/penalty.h."""

from __future__ import annotations

from typing import Any

from brasa.ops.arguments import number
from brasa.ops.dispatch import Out, Tensor, floats, run


def penalty(x: Tensor, l1: float = 0.0, l2: float = 0.0, *, out: Out = None) -> Tensor:
    """``l1 * sum |x| + l2 * sum x^2``, summed in double precision.

    Shapes:
        x of any shape, the result ()

    >>> from brasa import ops
    >>> float(ops.penalty([1.0, -3.0], l2=0.5))
    5.0
    """
    op = "penalty"
    return run(op, [floats(op, "x", x)], _factors(op, l1, l2), out)[0]


def penalty_backward(x: Tensor, l1: float = 0.0, l2: float = 0.0, *, out: Out = None) -> Tensor:
    """Its slope, ``l1 * sign(x) + 2 * l2 * x``, with ``sign(0) = 0``.

    Shapes:
        x and dx of one shape

    >>> from brasa import ops
    >>> ops.penalty_backward([1.0, -3.0], l1=1.0, l2=0.5)
    array([ 2., -4.], dtype=float32)
    """
    op = "penalty_backward"
    return run(op, [floats(op, "x", x)], _factors(op, l1, l2), out)[0]


def _factors(op: str, l1: Any, l2: Any) -> dict[str, float]:
    return {"l1": number(op, "l1", l1), "l2": number(op, "l2", l2)}
