"""Sums, means and extremes over axes. Contract: csrc/ops/reduce.h."""

from __future__ import annotations

from collections.abc import Sequence

from brasa.ops.arguments import truth, whole
from brasa.ops.dispatch import Out, Tensor, floats, run

Axis = int | Sequence[int] | None


def sum(  # noqa: A001
    x: Tensor, axis: Axis = None, keepdims: bool = False, *, out: Out = None
) -> Tensor:
    """The sum over one axis, several, or with None all of them.

    Blocks of numbers are added, and then their sums: a mean of 10 million keeps six digits.

    Args:
        axis: A whole number or several; negative ones count from the last axis.
        keepdims: Leave the axes with an extent of 1.

    Shapes:
        y as x, without the axes that are summed

    >>> from brasa import ops
    >>> ops.sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    array([4., 6.], dtype=float32)
    """
    return _reduce("sum", x, axis, keepdims, out)


def mean(x: Tensor, axis: Axis = None, keepdims: bool = False, *, out: Out = None) -> Tensor:
    """The mean over one axis, several, or with None all of them; NaN where there is no element.

    >>> from brasa import ops
    >>> ops.mean([[1.0, 2.0], [3.0, 4.0]], axis=-1, keepdims=True)
    array([[1.5],
           [3.5]], dtype=float32)
    """
    return _reduce("mean", x, axis, keepdims, out)


def max(  # noqa: A001
    x: Tensor, axis: Axis = None, keepdims: bool = False, *, out: Out = None
) -> Tensor:
    """The largest element along one axis, several, or with None all of them; NaN where one is.

    Several that are the largest share the gradient evenly, see ``extreme_backward``.

    Raises:
        ValueError: there is no element.

    >>> from brasa import ops
    >>> ops.max([[1.0, 2.0], [3.0, 4.0]], axis=1)
    array([2., 4.], dtype=float32)
    """
    return _reduce("max", x, axis, keepdims, out)


def min(  # noqa: A001
    x: Tensor, axis: Axis = None, keepdims: bool = False, *, out: Out = None
) -> Tensor:
    """The smallest element, as ``max`` the largest.

    >>> from brasa import ops
    >>> ops.min([[1.0, 2.0], [3.0, 4.0]], axis=(0, 1))
    array(1., dtype=float32)
    """
    return _reduce("min", x, axis, keepdims, out)


def extreme_backward(
    dy: Tensor, x: Tensor, y: Tensor, axis: Axis = None, *, out: Out = None
) -> Tensor:
    """The gradient of ``max`` and ``min``: those elements that equal y share dy evenly.

    Shapes:
        x and dx (...), dy and y without the axes, or with extents of 1 there

    >>> from brasa import ops
    >>> ops.extreme_backward([6.0, 6.0], [[3.0, 3.0], [1.0, 2.0]], [3.0, 2.0], axis=1)
    array([[3., 3.],
           [0., 6.]], dtype=float32)
    """
    op = "extreme_backward"
    dy, x, y = (floats(op, name, value) for name, value in (("dy", dy), ("x", x), ("y", y)))
    return run(op, [dy, x, y], {"axes": _axes(op, axis, len(x.shape))}, out)[0]


def _reduce(kind: str, x: Tensor, axis: Axis, keepdims: bool, out: Out) -> Tensor:
    x = floats(kind, "x", x)
    attributes = {
        "kind": kind,
        "axes": _axes(kind, axis, len(x.shape)),
        "keepdims": truth(kind, "keepdims", keepdims),
    }
    return run("reduce", [x], attributes, out, caller=kind)[0]


def _axes(op: str, axis: Axis, rank: int) -> list[int]:
    if axis is None:
        return list(range(rank))
    return [whole(op, "axis", a) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
