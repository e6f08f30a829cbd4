"""The same value everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa.arrays import FloatArray
from brasa.initializers.base import Initializer, Shape
from brasa.ops.arguments import finite


class Zeros(Initializer):
    """All 0. Keras's default for biases."""

    def values(self, shape: Shape) -> FloatArray:
        return np.zeros(shape, np.float32)


class Ones(Initializer):
    """All 1."""

    def values(self, shape: Shape) -> FloatArray:
        return np.ones(shape, np.float32)


class Constant(Initializer):
    """All ``value``.

    >>> from brasa.initializers import Constant
    >>> Constant(0.5)((2,))
    array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, value: float = 0.0) -> None:
        self.value = finite("Constant", "value", value)

    def values(self, shape: Shape) -> FloatArray:
        return np.full(shape, self.value, np.float32)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}
