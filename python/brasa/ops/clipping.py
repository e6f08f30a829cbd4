"""What keeps gradients from growing without bound. Contract: csrc/ops/clip.h."""

from __future__ import annotations

from typing import Any

from brasa.ops.arguments import number
from brasa.ops.dispatch import Out, Tensor, floats, run


def clip_value(x: Tensor, limit: float, *, out: Out = None) -> Tensor:
    """Each element brought into [-limit, limit].

    >>> from brasa import ops
    >>> ops.clip_value([-3.0, 0.5], 1.0)
    array([-1. ,  0.5], dtype=float32)
    """
    return _clip("clip_value", x, limit, out)


def clip_norm(x: Tensor, limit: float, *, out: Out = None) -> Tensor:
    """``x * limit / max(norm, limit)``: the same direction, and a Euclidean norm of at most limit.

    Not a number anywhere in ``x``, or an infinity, gives not a number everywhere but for zeros.

    Source: Pascanu, Mikolov & Bengio, ICML 2013, arXiv:1211.5063.

    Shapes:
        x and y of one shape

    >>> from brasa import ops
    >>> ops.clip_norm([3.0, -4.0], 1.0)
    array([ 0.6, -0.8], dtype=float32)
    """
    return _clip("clip_norm", x, limit, out)


def _clip(op: str, x: Any, limit: float, out: Out) -> Tensor:
    return run(op, [floats(op, "x", x)], {"limit": number(op, "limit", limit)}, out)[0]
