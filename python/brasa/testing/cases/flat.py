"""Runs of numbers, and matrices whose rows are treated one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .values import FLOAT_BYTES, Array, integers, random


@dataclass(frozen=True)
class RowsCase:
    """A matrix whose rows are treated one by one: softmax, losses, metrics."""

    rows: int
    classes: int

    def __str__(self) -> str:
        return f"{self.rows}x{self.classes}"

    @property
    def bytes(self) -> int:
        """One read and one write of the matrix."""
        return 2 * FLOAT_BYTES * self.rows * self.classes

    def values(self, name: str = "x", spread: float = 2.0) -> Array:
        return np.asarray(random((self.rows, self.classes), self, name) * np.float32(spread))

    def labels(self) -> Array:
        return integers((self.rows,), self.classes, self, "labels")

    def probabilities(self, name: str = "p") -> Array:
        """Rows that sum to 1, each entry far from 0 and 1."""
        power: Array = np.exp(self.values(name, 1.0))
        total: Array = power.sum(-1, keepdims=True)
        return np.asarray(power / total)

    def weights(self) -> Array:
        return np.abs(random((self.rows,), self, "weight"))


# 64 rows make a chunk of the sum over rows.
ROWS = tuple(
    RowsCase(rows, classes)
    for rows, classes in (
        (1, 1), (1, 2), (2, 10), (3, 7), (5, 8), (4, 9), (63, 15), (64, 16), (65, 17), (128, 10),
        (129, 3), (7, 31), (6, 33), (2, 1000), (3, 1009), (1000, 2),
    )
)  # fmt: skip

ROWS_LAYERS = {
    "lenet": RowsCase(128, 10),
    "imagenet": RowsCase(4096, 1000),
    "thin": RowsCase(65536, 10),
}


@dataclass(frozen=True)
class FlatCase:
    """A run of `count` floats: activations, sums, dropout, optimizers."""

    count: int

    def __str__(self) -> str:
        return f"{self.count}"

    @property
    def bytes(self) -> int:
        """One read and one write of the run."""
        return 2 * FLOAT_BYTES * self.count

    def values(self, name: str = "x", spread: float = 1.0) -> Array:
        return np.asarray(random((self.count,), self, name) * np.float32(spread))


FLAT = tuple(
    FlatCase(count)
    for count in (0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 1009, 4096, 65537)
)

FLAT_LAYERS = {
    "lenet_parameters": FlatCase(61_706),
    "relu_32x64x112x112": FlatCase(32 * 64 * 112 * 112),
    "relu_4096x1000": FlatCase(4096 * 1000),
    "opt_25M": FlatCase(25_000_000),
}
