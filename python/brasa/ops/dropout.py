"""Dropout. Contract: csrc/ops/dropout.h."""

from __future__ import annotations

from brasa.ops.arguments import number
from brasa.ops.dispatch import Out, Tensor, floats, run
from brasa.ops.random_numbers import random_node, random_state


def _checked_rate(op: str, rate: float) -> float:
    rate = number(op, "rate", rate)
    if not 0 <= rate < 1:
        raise ValueError(f"{op}: rate must be in [0, 1), got {rate}")
    return rate


def dropout(
    x: Tensor, rate: float, seed: int = 0, step: int = 0, node: int = 0, *, out: Out = None
) -> Tensor:
    """Zero each element with probability ``rate``; scale the others by ``1 / (1 - rate)``.

    The mask depends on (seed, step, node, element) alone: no state, the same bits on every device.
    Source: Srivastava et al., JMLR 15 (2014).

    >>> import numpy as np
    >>> from brasa import ops
    >>> y = ops.dropout(np.ones(1000, np.float32), 0.5, seed=1)
    >>> sorted(set(y.tolist()))
    [0.0, 2.0]
    """
    op = "dropout"
    node = random_node(op, node)
    attributes = {"rate": _checked_rate(op, rate), "node": node}
    return run(op, [floats(op, "x", x), random_state(op, seed, step)], attributes, out)[0]


def dropout_backward(
    dy: Tensor, rate: float, seed: int = 0, step: int = 0, node: int = 0, *, out: Out = None
) -> Tensor:
    """The gradient of ``dropout`` is the same mask and scale, applied to ``dy``.

    Shapes:
        dy and dx of one shape

    >>> import numpy as np
    >>> from brasa import ops
    >>> x = np.ones(6, np.float32)
    >>> y, dx = ops.dropout(x, 0.5, seed=1), ops.dropout_backward(x, 0.5, seed=1)
    >>> bool((y == dx).all())
    True
    """
    return dropout(dy, rate, seed, step, node, out=out)
