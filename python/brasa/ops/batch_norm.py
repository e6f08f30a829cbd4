"""Batch normalization over the last axis. Contract: csrc/ops/batch_norm.h."""

from __future__ import annotations

from typing import Any

from brasa.ops.activation_attributes import activation_attributes
from brasa.ops.arguments import number
from brasa.ops.dispatch import Out, Tensor, floats, optional_floats, run


def batch_norm(
    x: Tensor,
    gamma: Tensor | None,
    beta: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    epsilon: float = 1e-3,
    activation: str | None = None,
    *,
    out: Out = None,
) -> Tensor:
    """``y = activation((x - mean) * gamma / sqrt(variance + epsilon) + beta)`` for each channel.

    ``gamma`` None stands for 1, ``beta`` None for 0.

    Shapes:
        x and y (..., C); gamma, beta, mean and variance (C,)

    >>> from brasa import ops
    >>> ops.batch_norm([[3.0]], None, None, [1.0], [4.0], epsilon=1e-12)
    array([[1.]], dtype=float32)
    """
    operands = [
        floats("batch_norm", "x", x),
        *_scale("batch_norm", gamma, beta, mean, variance),
    ]
    return run("batch_norm", operands, _attributes("batch_norm", epsilon, activation), out)[0]


def batch_norm_training(
    x: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-3,
    activation: str | None = None,
    *,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """``y, mean, variance``: x normalized by its own statistics (the variance is the biased one).

    Source: Ioffe and Szegedy, ICML 2015.

    Shapes:
        x and y (..., C); gamma, beta, mean and variance (C,)

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
    attributes = _attributes("batch_norm_training", epsilon, activation)
    y, mean, variance = run("batch_norm_training", operands, attributes, out)
    return y, mean, variance


def batch_norm_backward(
    dy: Tensor,
    x: Tensor,
    gamma: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    epsilon: float = 1e-3,
    beta: Tensor | None = None,
    activation: str | None = None,
    *,
    out: Out = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """``dx, dgamma, dbeta`` of ``batch_norm_training``, from the statistics that it returned.

    ``beta`` matters only with an activation, whose slope follows from what it was applied to.

    Shapes:
        dy, x and dx (..., C); gamma, beta, mean, variance, dgamma and dbeta (C,)

    What moves all rows alike cannot move what is normalized:

    >>> import numpy as np
    >>> from brasa import ops
    >>> x = np.array([[1], [2], [6]], np.float32)
    >>> gamma, beta = np.ones(1, np.float32), np.zeros(1, np.float32)
    >>> _, mean, variance = ops.batch_norm_training(x, gamma, beta)
    >>> dx, _, dbeta = ops.batch_norm_backward(np.ones_like(x), x, gamma, mean, variance)
    >>> dx.round(5).ravel() + 0, dbeta
    (array([0., 0., 0.], dtype=float32), array([3.], dtype=float32))
    """
    op = "batch_norm_backward"
    operands = [floats(op, "dy", dy), floats(op, "x", x), *_scale(op, gamma, beta, mean, variance)]
    dx, dgamma, dbeta = run(op, operands, _attributes(op, epsilon, activation), out)
    return dx, dgamma, dbeta


def batch_norm_fold(
    w: Tensor,
    b: Tensor | None,
    gamma: Tensor | None,
    beta: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    epsilon: float = 1e-3,
    *,
    out: Out = None,
) -> tuple[Tensor, Tensor]:
    """``w, b`` of the convolution or product that does the work of the normalization behind it.

    ``a = gamma / sqrt(variance + epsilon)``, ``w * a`` and ``(b - mean) * a + beta``: the last axis
    of w counts the channels that are normalized.

    Shapes:
        w (..., K); b and all of the normalization's (K,)

    >>> from brasa import ops
    >>> w, b = ops.batch_norm_fold([[2.0]], None, None, None, [1.0], [4.0], epsilon=1e-12)
    >>> w, b
    (array([[1.]], dtype=float32), array([-0.5], dtype=float32))
    """
    op = "batch_norm_fold"
    operands = [
        floats(op, "w", w),
        optional_floats(op, "b", b),
        *_scale(op, gamma, beta, mean, variance),
    ]
    folded_w, folded_b = run(op, operands, _attributes(op, epsilon, None), out)
    return folded_w, folded_b


def _scale(op: str, gamma: Any, beta: Any, mean: Any, variance: Any) -> list[Any]:
    return [
        optional_floats(op, "gamma", gamma),
        optional_floats(op, "beta", beta),
        floats(op, "mean", mean),
        floats(op, "variance", variance),
    ]


def _attributes(op: str, epsilon: float, activation: str | None) -> dict[str, Any]:
    epsilon = number(op, "epsilon", epsilon)
    if not epsilon > 0:
        raise ValueError(f"{op}: epsilon must be > 0, got {epsilon}")
    return {"epsilon": epsilon, **activation_attributes(op, activation)}
