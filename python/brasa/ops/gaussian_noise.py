"""Normally distributed noise. Contract: csrc/ops/gaussian_noise.h."""

from __future__ import annotations

from brasa.ops.arguments import number
from brasa.ops.dispatch import Out, Tensor, floats, run
from brasa.ops.random_numbers import random_node, random_state


def gaussian_noise(
    x: Tensor,
    stddev: float = 1.0,
    seed: int = 0,
    step: int = 0,
    node: int = 0,
    *,
    out: Out = None,
) -> Tensor:
    """``y = x + stddev * z`` with z normally distributed, mean 0 and variance 1.

    z depends on (seed, step, node, element) alone: no state, the same on every device up to 2e-6.
    The gradient passes unchanged.

    Shapes:
        x and y (...)

    ValueError unless ``stddev`` is finite and at least 0.

    Source: Box and Muller, Ann. Math. Statist. 29 (1958).

    >>> import numpy as np
    >>> from brasa import ops
    >>> z = ops.gaussian_noise(np.zeros(100_000, np.float32), seed=1)
    >>> bool(abs(z.mean()) < 0.02), bool(abs(z.std() - 1) < 0.02)
    (True, True)
    """
    op = "gaussian_noise"
    attributes = {"stddev": number(op, "stddev", stddev), "node": random_node(op, node)}
    return run(op, [floats(op, "x", x), random_state(op, seed, step)], attributes, out)[0]
