"""What the recurrent references share."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide


def order(T: int, go_backwards: bool) -> Iterable[int]:
    """The steps of x in the order in which they are taken."""
    return range(T - 1, -1, -1) if go_backwards else range(T)


def state(value: ArrayLike | None, N: int, U: int) -> Array:
    """A state or its gradient; None stands for zeros."""
    return np.zeros((N, U)) if value is None else wide(value)


def skipped(mask: ArrayLike | None, t: int, N: int) -> Array:
    """(N, 1), true for the sequences that skip step t."""
    if mask is None:
        return np.zeros((N, 1), bool)
    return np.asarray(np.asarray(mask)[:, t : t + 1] == 0)
