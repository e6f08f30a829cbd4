"""Poolings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from brasa.testing.reference.arrays import Padding, Pair, pair
from brasa.testing.reference.window2d import windows

from .values import FLOAT_BYTES, Array, compact, integers, random


@dataclass(frozen=True)
class Pool2dCase:
    N: int
    H: int
    W: int
    C: int
    pool_size: Pair = 2
    strides: Pair | None = None
    padding: Padding = "valid"

    def __str__(self) -> str:
        text = f"n{self.N}_{self.H}x{self.W}_c{self.C}_f{compact(self.pool_size)}"
        stride = "" if self.strides is None else f"_s{compact(self.strides)}"
        return f"{text}{stride}_p{compact(self.padding)}"

    @property
    def window(self) -> dict[str, Any]:
        return {"pool_size": self.pool_size, "strides": self.strides, "padding": self.padding}

    @property
    def x_shape(self) -> tuple[int, int, int, int]:
        return (self.N, self.H, self.W, self.C)

    @property
    def y_shape(self) -> tuple[int, int, int, int]:
        strides = self.pool_size if self.strides is None else self.strides
        rows, columns = windows((self.H, self.W), self.pool_size, strides, self.padding)
        return (self.N, rows.outputs, columns.outputs, self.C)

    @property
    def length(self) -> int:
        return int(np.prod(pair(self.pool_size)))

    @property
    def flops(self) -> int:
        return int(np.prod(self.y_shape)) * self.length

    @property
    def bytes(self) -> int:
        """x and y moved once; the argmax is not counted."""
        return FLOAT_BYTES * int(np.prod(self.x_shape) + np.prod(self.y_shape))

    def x(self) -> Array:
        return random(self.x_shape, self, "x")

    def x_with_ties(self) -> Array:
        """Few different values, zeros of both signs among them."""
        values = np.array([-1.0, -0.0, 0.0, 1.0], np.float32)
        return values[integers(self.x_shape, len(values), self, "ties")]

    def dy(self) -> Array:
        return random(self.y_shape, self, "dy")


POOL2D = (
    Pool2dCase(2, 28, 28, 6),
    Pool2dCase(17, 10, 10, 16),
    Pool2dCase(1, 2, 2, 1),
    Pool2dCase(3, 7, 9, 7),
    Pool2dCase(2, 6, 5, 8, 3, 1),
    Pool2dCase(1, 13, 13, 33, 3, 2),
    Pool2dCase(2, 11, 12, 15, 3, 2, 1),
    Pool2dCase(1, 9, 8, 17, 3, 2, "same"),
    Pool2dCase(2, 8, 7, 9, 2, 2, "same"),
    Pool2dCase(1, 5, 6, 31, (3, 2), (1, 2), ((1, 0), (0, 1))),
    Pool2dCase(1, 8, 10, 16, 2, 3),
    Pool2dCase(2, 9, 9, 3, 4, (1, 3), ((2, 1), (0, 2))),
    Pool2dCase(1, 4, 5, 64, (4, 5)),
    Pool2dCase(1, 6, 6, 65, 1, 2),
    Pool2dCase(1, 1, 17, 1, (1, 3), 2),
    Pool2dCase(0, 4, 4, 5),
)

POOL2D_LAYERS = {
    "lenet1": Pool2dCase(128, 28, 28, 6),
    "lenet2": Pool2dCase(128, 10, 10, 16),
    "maxpool2s2": Pool2dCase(32, 112, 112, 64),
    "maxpool3s2": Pool2dCase(32, 112, 112, 64, 3, 2, 1),
}
