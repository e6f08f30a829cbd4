"""Recurrent layers over whole sequences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from brasa.testing.assertions import ROUNDING

from .values import FLOAT_BYTES, Array, integers, random


@dataclass(frozen=True)
class RecurrentCase:
    T: int
    N: int
    D: int
    U: int
    go_backwards: bool = False
    masked: bool = False
    states: bool = True  # h0 (and c0) are given
    bias: bool = True

    def __str__(self) -> str:
        text = f"t{self.T}_n{self.N}_d{self.D}_u{self.U}" + "_back" * self.go_backwards
        return (
            text
            + "_masked" * self.masked
            + "_zero" * (not self.states)
            + ("_nobias" * (not self.bias))
        )

    @property
    def length(self) -> int:
        """Products in one sum of a gate."""
        return self.D + self.U

    def flops(self, gates: int) -> int:
        """Of the products of the forward pass."""
        return 2 * self.T * self.N * gates * self.U * (self.D + self.U)

    def bytes(self, gates: int) -> int:
        """x, the weights and y moved once."""
        sequences = self.T * self.N * (self.D + self.U)
        return FLOAT_BYTES * (sequences + gates * self.U * (self.D + self.U))

    def x(self) -> Array:
        return random((self.N, self.T, self.D), self, "x")

    def weights(self, gates: int, biases: int = 1) -> tuple[Array, Array, Array | None]:
        """w, u and b, of a size that keeps sums near 1 and errors from growing step by step."""
        w = random((self.D, gates * self.U), self, "w") / np.float32(np.sqrt(self.D))
        u = random((self.U, gates * self.U), self, "u") * np.float32(0.5 / np.sqrt(self.U))
        shape = (gates * self.U,) if biases == 1 else (biases, gates * self.U)
        return w, u, random(shape, self, "b") if self.bias else None

    def state(self, name: str) -> Array | None:
        """h0 or c0."""
        return random((self.N, self.U), self, name) if self.states else None

    def mask(self) -> Array | None:
        """About a third of the steps is skipped, and all of the first sequence."""
        if not self.masked:
            return None
        mask = integers((self.N, self.T), 3, self, "mask") > 0
        mask[:1] = False
        return mask

    def slope(self, name: str) -> Array:
        """dy (N, T, U), or dh, dc (N, U)."""
        shape = (self.N, self.T, self.U) if name == "dy" else (self.N, self.U)
        return random(shape, self, name)

    @property
    def forward_bound(self) -> float:
        """The error of states and outputs, which lie near 1.

        A gate's sum errs by the root of its length times the size of its terms, about 1. What
        earlier steps contribute decays with the state that is kept, here by a third on average,
        and through u, whose gain is below 1: 3 covers the series and the functions' own error.
        """
        return 3 * ROUNDING * float(np.sqrt(self.length) + 4)

    def backward_bound(self, want: Array) -> float:
        """Relative to the largest gradient: long sums of values that err like those above."""
        terms = np.sqrt(self.T * self.N) + np.sqrt(4 * self.U) + np.sqrt(self.length) + 8
        return 1.5 * ROUNDING * float(terms * max(1.0, np.abs(want).max(initial=0.0)))

    @property
    def how(self) -> dict[str, object]:
        return {"mask": self.mask(), "go_backwards": self.go_backwards}


RECURRENT = (
    RecurrentCase(5, 3, 4, 7),
    RecurrentCase(1, 1, 1, 1),
    RecurrentCase(1, 1, 6, 33, masked=True),
    RecurrentCase(1, 1, 19, 70),
    RecurrentCase(1, 1, 8, 24, states=False, bias=False),
    RecurrentCase(4, 1, 3, 33),
    RecurrentCase(3, 2, 17, 16),
    RecurrentCase(6, 7, 5, 17, go_backwards=True),
    RecurrentCase(6, 7, 5, 9, masked=True),
    RecurrentCase(7, 5, 8, 31, go_backwards=True, masked=True),
    RecurrentCase(4, 13, 9, 8, states=False),
    RecurrentCase(4, 6, 31, 15, bias=False),
    RecurrentCase(3, 101, 2, 5, masked=True, states=False),
    RecurrentCase(33, 29, 6, 40),
    RecurrentCase(2, 5, 700, 3),
    RecurrentCase(3, 4, 5, 350),
    RecurrentCase(0, 3, 4, 5),
    RecurrentCase(3, 0, 4, 5, masked=True),
)

# Without the step of a single sequence: its sums may run in another order where nothing is saved.
RECURRENT_SEQUENCES = tuple(case for case in RECURRENT if case.T * case.N != 1)

# Where threads cut: rows of the batch, units where the rows are few, blocks of rows, long sums.
RECURRENT_CUTS = (
    RecurrentCase(6, 35, 5, 17, go_backwards=True),
    RecurrentCase(7, 25, 8, 31, go_backwards=True, masked=True),
    RecurrentCase(33, 145, 6, 40),
    RecurrentCase(2, 97, 340, 330),
    RecurrentCase(3, 5, 7, 90),
    RecurrentCase(4, 1, 9, 350),
    RecurrentCase(2, 13, 2, 720),
)

RECURRENT_LAYERS = {
    "small": RecurrentCase(50, 32, 16, 64),
    "mnist_rows": RecurrentCase(28, 128, 28, 128),
    "medium": RecurrentCase(100, 64, 128, 256),
    "large": RecurrentCase(100, 64, 512, 512),
    "wide": RecurrentCase(256, 32, 512, 1024),
    "one": RecurrentCase(50, 1, 128, 256),
}
