"""Two operands that are repeated to one shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .values import Array, random

Shape = tuple[int, ...]


@dataclass(frozen=True)
class BroadcastCase:
    """The shapes of two operands."""

    a: Shape
    b: Shape

    def __str__(self) -> str:
        return " by ".join("x".join(map(str, shape)) or "scalar" for shape in (self.a, self.b))

    @property
    def y(self) -> Shape:
        return np.broadcast_shapes(self.a, self.b)

    def operands(self) -> tuple[Array, Array]:
        return random(self.a, self, "a"), random(self.b, self, "b")

    def dy(self) -> Array:
        return random(self.y, self, "dy")


BROADCAST = tuple(
    BroadcastCase(a, b)
    for a, b in (
        # Gates of channels, maps of pixels, and both at once.
        ((2, 5, 3, 16), (2, 1, 1, 16)), ((2, 5, 3, 7), (2, 1, 1, 7)), ((2, 5, 3, 7), (2, 5, 3, 1)),
        ((2, 1, 1, 33), (1, 5, 3, 1)), ((3, 400, 40), (3, 1, 40)), ((2, 70, 3, 5), (1, 70, 1, 5)),
        # Steps, features, rows and columns.
        ((4, 6, 24), (4, 6, 1)), ((4, 6, 24), (4, 1, 24)), ((17, 65), (65,)), ((17, 65), (17, 1)),
        ((1003, 10), (10,)), ((1003, 10), (1003, 1)), ((7, 1), (1, 9)), ((300, 1), (1, 129)),
        # One number, one that is alone, and nothing at all.
        ((9001,), ()), ((9001,), (1,)), ((1, 1), (1,)), ((), ()), ((3, 0, 4), (3, 1, 4)),
        ((3, 0), (3, 1)), ((0, 5), (5,)), ((0, 5, 5, 2), (0, 1, 1, 2)),
        # As many axes as there can be.
        ((2, 1, 2, 1, 3, 1, 2, 5), (1, 3, 1, 2, 1, 2, 2, 1)),
        ((2, 3, 2, 2, 2, 2, 2, 5), (1, 3, 1, 2, 1, 2, 1, 5)),
    )
)  # fmt: skip
