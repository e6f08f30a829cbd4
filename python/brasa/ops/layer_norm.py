"""Layer normalization over the last axes. Contract: csrc/ops/layer_norm.h."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.ops.arguments import number, whole
from brasa.ops.dispatch import Out, Tensor, floats, optional_floats, run

Axes = int | Sequence[int]


def layer_norm(
    x: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-3,
    axis: Axes = -1,
    *,
    out: Out = None,
) -> Tensor:
    """``y = (x - mean) / sqrt(variance + epsilon) * gamma + beta``, each row by its own statistics.

    A row is the last axis, or several of the last ones: ``axis=(-2, -1)``. gamma and beta have its
    shape; None stands for 1 and 0.

    Source: Ba, Kiros and Hinton, arXiv:1607.06450.

    Shapes:
        x and y (N, ...); gamma and beta of the extents that ``axis`` names

    >>> from brasa import ops
    >>> ops.layer_norm([[1.0, 3.0], [50.0, 10.0]], epsilon=1e-9)
    array([[-1.,  1.],
           [ 1., -1.]], dtype=float32)
    """
    op = "layer_norm"
    x = floats(op, "x", x)
    operands = [x, optional_floats(op, "gamma", gamma), optional_floats(op, "beta", beta)]
    return run(op, operands, _attributes(op, x, epsilon, axis), out)[0]


def layer_norm_backward(
    dy: Tensor,
    x: Tensor,
    gamma: Tensor | None = None,
    epsilon: float = 1e-3,
    axis: Axes = -1,
    *,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """``dx, dgamma, dbeta`` of ``layer_norm``.

    Shapes:
        dy, x and dx (N, ...); gamma, dgamma and dbeta of the extents that ``axis`` names

    >>> import numpy as np
    >>> from brasa import ops
    >>> x = np.array([[1, 3], [10, 30]], np.float32)
    >>> _, dgamma, dbeta = ops.layer_norm_backward(np.ones_like(x), x)
    >>> dgamma.round(2), dbeta
    (array([-2.,  2.], dtype=float32), array([2., 2.], dtype=float32))
    """
    op = "layer_norm_backward"
    x = floats(op, "x", x)
    operands = [floats(op, "dy", dy), x, optional_floats(op, "gamma", gamma)]
    dx, dgamma, dbeta = run(op, operands, _attributes(op, x, epsilon, axis), out)
    return dx, dgamma, dbeta


def last_axes(op: str, axis: Any, rank: int) -> int:
    """How many of the last axes ``axis`` names; ValueError where it names others."""
    given = list(axis) if isinstance(axis, (tuple, list)) else [axis]
    entries = [whole(op, "axis", entry) for entry in given]
    places = sorted(entry + rank if entry < 0 else entry for entry in entries)
    if not entries or places != list(range(rank - len(entries), rank)):
        raise ValueError(
            f"{op}: axis must be the last axis, -1, or several of the last ones, such as (-2, -1), "
            f"got {axis!r} for rank {rank}"
        )
    return len(entries)


def _attributes(op: str, x: Any, epsilon: float, axis: Axes) -> dict[str, Any]:
    epsilon = number(op, "epsilon", epsilon)
    if axis == -1 and type(axis) is int:  # as most often
        return {"epsilon": epsilon}
    return {"epsilon": epsilon, "axes": last_axes(op, axis, len(x.shape))}
