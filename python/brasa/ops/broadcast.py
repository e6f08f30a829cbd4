"""Operands of different shapes, joined as NumPy does. Contract: csrc/ops/broadcast.h."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.ops.arguments import whole
from brasa.ops.dispatch import Out, Tensor, floats, optional_floats, run


def broadcast_to(x: Tensor, shape: Sequence[int], *, out: Out = None) -> Tensor:
    """x repeated along axes of extent 1, and along further ones in front, until it has ``shape``.

    ValueError where an extent is neither 1 nor that of ``shape``.

    >>> from brasa import ops
    >>> ops.broadcast_to([[1.0], [2.0]], (2, 3))
    array([[1., 1., 1.],
           [2., 2., 2.]], dtype=float32)
    """
    op = "broadcast_to"
    return run(op, [floats(op, "x", x)], {"shape": _extents(op, "shape", shape)}, out)[0]


def broadcast_backward(
    dy: Tensor, x_shape: Sequence[int], factor: Tensor | None = None, *, out: Out = None
) -> Tensor:
    """The gradient of an operand that was repeated: ``dx = sum of dy * factor`` over its copies.

    Without a factor that of a sum and of ``broadcast_to``; with the other operand as factor that of
    a product.

    Shapes:
        dy (...) as y, dx ``x_shape``; both this and the factor broadcast to the shape of dy

    >>> from brasa import ops
    >>> ops.broadcast_backward([[1.0, 2.0], [3.0, 4.0]], (2, 1))
    array([[3.],
           [7.]], dtype=float32)
    """
    op = "broadcast_backward"
    operands = [floats(op, "dy", dy), optional_floats(op, "factor", factor)]
    return run(op, operands, {"x_shape": _extents(op, "x_shape", x_shape)}, out)[0]


def joined(op: str, operands: Sequence[Any], out: Out) -> Tensor:
    """``add`` or ``multiply`` of operands in their order, repeated where need be."""
    result = operands[0]
    for i, operand in enumerate(operands[1:], 2):
        kernel = op if _same_shape(result, operand) else f"broadcast_{op}"
        into = out if i == len(operands) else None
        result = run(kernel, [result, operand], out=into, caller=op)[0]
    return result


def _same_shape(a: Any, b: Any) -> bool:
    return tuple(a.shape) == tuple(b.shape)


def _extents(op: str, name: str, value: Any) -> list[int]:
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{op}: {name} must be a tuple of whole numbers, got {value!r}")
    return [whole(op, name, extent) for extent in value]
