"""Axes in another order. Contract: csrc/ops/transpose.h."""

from __future__ import annotations

from collections.abc import Sequence

from brasa.ops.arguments import whole
from brasa.ops.dispatch import Out, Tensor, floats, run


def transpose(x: Tensor, axes: Sequence[int] | None = None, *, out: Out = None) -> Tensor:
    """The axes of x in the order of ``axes``: axis ``d`` of y is axis ``axes[d]`` of x.

    ``axes`` None stands for the opposite order.

    Shapes:
        ``y.shape[d] == x.shape[axes[d]]``

    ValueError where ``axes`` does not name each axis once.

    >>> from brasa import ops
    >>> ops.transpose([[1.0, 2.0, 3.0]])
    array([[1.],
           [2.],
           [3.]], dtype=float32)
    >>> ops.transpose([[[1.0, 2.0], [3.0, 4.0]]], (0, 2, 1))
    array([[[1., 3.],
            [2., 4.]]], dtype=float32)
    """
    op = "transpose"
    x = floats(op, "x", x)
    if axes is None:
        axes = range(len(x.shape))[::-1]
    elif not isinstance(axes, (tuple, list)):
        raise TypeError(f"{op}: axes must be a tuple of whole numbers, got {axes!r}")
    return run(op, [x], {"axes": [whole(op, "axes", axis) for axis in axes]}, out)[0]
