"""What ops that draw random numbers take: csrc/core/random.h."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brasa.ops.arguments import whole


def random_state(op: str, seed: int, step: int) -> NDArray[np.int64]:
    """The operand of such an op: which numbers, and which step of training it is."""
    seed, step = whole(op, "seed", seed), whole(op, "step", step)
    return np.array([seed % (1 << 63), step % (1 << 31)], np.int64)


def random_node(op: str, node: int) -> int:
    """Its attribute, which keeps the numbers of two ops of a model apart."""
    node = whole(op, "node", node)
    if not 0 <= node < 1 << 32:
        raise ValueError(f"{op}: node must be in [0, 2**32), got {node}")
    return node
