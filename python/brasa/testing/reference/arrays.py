"""What every reference needs: float64 arrays, and the types of arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Pair = int | tuple[int, int]
Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


def wide(x: ArrayLike) -> Array:
    return np.asarray(x, np.float64)


def pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value
