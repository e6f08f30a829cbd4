"""Group normalization. Contract: csrc/ops/group_norm.h."""

from __future__ import annotations

from typing import Any

from brasa.ops.arguments import number, whole
from brasa.ops.dispatch import Out, Tensor, floats, optional_floats, run


def group_norm(
    x: Tensor,
    groups: int,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-3,
    *,
    out: Out = None,
) -> Tensor:
    """``y = (x - mean) / sqrt(variance + epsilon) * gamma + beta``, by the statistics of a group.

    x is (N, ..., C). The C channels are cut into ``groups`` of neighbours; a group of a sample is
    its channels at all positions. gamma and beta are (C,); None stands for 1 and 0. As many groups
    as channels are instance normalization.

    Source: Wu and He, arXiv:1803.08494.

    >>> from brasa import ops
    >>> ops.group_norm([[1.0, 3.0, 50.0, 10.0]], 2, epsilon=1e-9)
    array([[-1.,  1.,  1., -1.]], dtype=float32)
    """
    op = "group_norm"
    operands = [
        floats(op, "x", x),
        optional_floats(op, "gamma", gamma),
        optional_floats(op, "beta", beta),
    ]
    return run(op, operands, _attributes(op, groups, epsilon), out)[0]


def group_norm_backward(
    dy: Tensor,
    x: Tensor,
    groups: int,
    gamma: Tensor | None = None,
    epsilon: float = 1e-3,
    *,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """``dx, dgamma, dbeta`` of ``group_norm``.

    Shapes:
        dy, x and dx (N, ..., C); gamma, dgamma and dbeta (C,)

    >>> import numpy as np
    >>> from brasa import ops
    >>> x = np.array([[1, 3, 10, 30]], np.float32)
    >>> dx, dgamma, _ = ops.group_norm_backward(np.ones_like(x), x, groups=2)
    >>> dx.round(5) + 0, dgamma.round(2)
    (array([[0., 0., 0., 0.]], dtype=float32), array([-1.,  1., -1.,  1.], dtype=float32))
    """
    op = "group_norm_backward"
    operands = [floats(op, "dy", dy), floats(op, "x", x), optional_floats(op, "gamma", gamma)]
    dx, dgamma, dbeta = run(op, operands, _attributes(op, groups, epsilon), out)
    return dx, dgamma, dbeta


def _attributes(op: str, groups: int, epsilon: float) -> dict[str, Any]:
    return {"groups": whole(op, "groups", groups), "epsilon": number(op, "epsilon", epsilon)}
