"""Batch normalization over the last axis. Contract: csrc/ops/batch_norm.h."""

from __future__ import annotations

from typing import Any

from brasa.ops.arguments import number
from brasa.ops.dispatch import Out, Tensor, floats, optional_floats, run


def batch_norm(
    x: Tensor,
    gamma: Tensor | None,
    beta: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    epsilon: float = 1e-3,
    *,
    out: Out = None,
) -> Tensor:
    """``y = (x - mean) * gamma / sqrt(variance + epsilon) + beta`` for each channel.

    ``gamma`` None stands for 1, ``beta`` None for 0.

    >>> from brasa import ops
    >>> ops.batch_norm([[3.0]], None, None, [1.0], [4.0], epsilon=1e-12)
    array([[1.]], dtype=float32)
    """
    operands = [
        floats("batch_norm", "x", x),
        optional_floats("batch_norm", "gamma", gamma),
        optional_floats("batch_norm", "beta", beta),
        floats("batch_norm", "mean", mean),
        floats("batch_norm", "variance", variance),
    ]
    return run("batch_norm", operands, _epsilon("batch_norm", epsilon), out)[0]


def batch_norm_training(
    x: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-3,
    *,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """``y, mean, variance``: x normalized by its own statistics (the variance is the biased one).

    Source: Ioffe and Szegedy, ICML 2015.

    >>> from brasa import ops
    >>> y, mean, variance = ops.batch_norm_training([[1.0], [3.0]])
    >>> mean, variance
    (array([2.], dtype=float32), array([1.], dtype=float32))
    """
    operands = [
        floats("batch_norm_training", "x", x),
        optional_floats("batch_norm_training", "gamma", gamma),
        optional_floats("batch_norm_training", "beta", beta),
    ]
    attributes = _epsilon("batch_norm_training", epsilon)
    y, mean, variance = run("batch_norm_training", operands, attributes, out)
    return y, mean, variance


def batch_norm_backward(
    dy: Tensor,
    x: Tensor,
    gamma: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    epsilon: float = 1e-3,
    *,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """``dx, dgamma, dbeta`` of ``batch_norm_training``, from the statistics that it returned."""
    op = "batch_norm_backward"
    operands = [
        floats(op, "dy", dy),
        floats(op, "x", x),
        optional_floats(op, "gamma", gamma),
        floats(op, "mean", mean),
        floats(op, "variance", variance),
    ]
    dx, dgamma, dbeta = run(op, operands, _epsilon(op, epsilon), out)
    return dx, dgamma, dbeta


def _epsilon(op: str, epsilon: float) -> dict[str, Any]:
    epsilon = number(op, "epsilon", epsilon)
    if not epsilon > 0:
        raise ValueError(f"{op}: epsilon must be > 0, got {epsilon}")
    return {"epsilon": epsilon}
