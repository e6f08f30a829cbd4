"""Softmax and its logarithm. Contract: csrc/ops/softmax.h."""

from __future__ import annotations

from typing import Any

from brasa.ops.arguments import whole
from brasa.ops.dispatch import Out, Tensor, floats, run
from brasa.ops.transpose import transpose


def _last_axis(op: str, x: Any, axis: int) -> None:
    axis = whole(op, "axis", axis)
    if axis not in (-1, x.ndim - 1):
        raise ValueError(f"{op}: axis {axis} of {x.shape} is not the last one")


def softmax(x: Tensor, axis: int = -1, *, out: Out = None) -> Tensor:
    """``y_j = exp(x_j - max) / sum_j exp(x_j - max)`` along an axis.

    A row of -inf only, or with NaN or +inf in it, gives NaN. The kernel knows the last axis alone:
    another one, the steps of a sequence say, is brought there and back; ``out`` is not for that.

    Shapes:
        x and y of one shape, of rank 1 or more

    >>> from brasa import ops
    >>> ops.softmax([[0.0, 0.0]])
    array([[0.5, 0.5]], dtype=float32)
    """
    return _along("softmax", x, axis, out)


def _along(op: str, x: Tensor, axis: int, out: Out) -> Tensor:
    x = floats(op, "x", x)
    last = x.ndim - 1
    if whole(op, "axis", axis) in (-1, last) or not -x.ndim <= axis <= last or out is not None:
        _last_axis(op, x, axis)
        return run(op, [x], out=out)[0]
    order = list(range(x.ndim))
    order[axis], order[last] = last, order[axis]
    return transpose(run(op, [transpose(x, order)])[0], order)


def softmax_backward(dy: Tensor, y: Tensor, axis: int = -1, *, out: Out = None) -> Tensor:
    """``dx_j = y_j * (dy_j - sum_j dy_j y_j)``; ``y`` is what ``softmax`` returned.

    Shapes:
        dy, y and dx (..., C)

    A gradient that is the same for all classes moves none of them:

    >>> import numpy as np
    >>> from brasa import ops
    >>> y = ops.softmax(np.array([[0, 1, 2]], np.float32))
    >>> ops.softmax_backward(np.ones((1, 3), np.float32), y).round(6) + 0
    array([[0., 0., 0.]], dtype=float32)
    """
    dy, y = floats("softmax_backward", "dy", dy), floats("softmax_backward", "y", y)
    _last_axis("softmax_backward", y, axis)
    return run("softmax_backward", [dy, y], out=out)[0]


def log_softmax(x: Tensor, axis: int = -1, *, out: Out = None) -> Tensor:
    """``y_j = x_j - max - ln(sum_k exp(x_k - max))`` along an axis: the logarithm of ``softmax``.

    Where a probability is too small for a float, its logarithm is still exact. A row of -inf only,
    or with NaN or +inf in it, gives NaN. Other axes than the last as in ``softmax``.

    Shapes:
        x and y (...)

    >>> from brasa import ops
    >>> ops.log_softmax([[0.0, 0.0, -200.0]])
    array([[  -0.6931472,   -0.6931472, -200.69315  ]], dtype=float32)
    """
    return _along("log_softmax", x, axis, out)


def log_softmax_backward(dy: Tensor, y: Tensor, axis: int = -1, *, out: Out = None) -> Tensor:
    """``dx_j = dy_j - exp(y_j) * sum_k dy_k``; ``y`` is what ``log_softmax`` returned.

    Shapes:
        dy, y and dx (..., C)

    The slope of the log-likelihood of class 0, ``one_hot - p``:

    >>> import numpy as np
    >>> from brasa import ops
    >>> y = ops.log_softmax(np.zeros((1, 4), np.float32))
    >>> ops.log_softmax_backward(np.array([[1, 0, 0, 0]], np.float32), y)
    array([[ 0.75, -0.25, -0.25, -0.25]], dtype=float32)
    """
    op = "log_softmax_backward"
    dy, y = floats(op, "dy", dy), floats(op, "y", y)
    _last_axis(op, y, axis)
    return run(op, [dy, y], out=out)[0]
