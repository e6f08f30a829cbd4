"""Matrix products and dense layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .values import FLOAT_BYTES, Array, compact, random


@dataclass(frozen=True)
class MatmulCase:
    """c (batch, m, n) = op(a) @ op(b); without a batch the operands are matrices."""

    m: int
    n: int
    k: int
    transpose_a: bool = False
    transpose_b: bool = False
    batch: int | None = None
    shared_b: bool = False  # one b for the whole batch

    def __str__(self) -> str:
        flags = ("t" if self.transpose_a else "n") + ("t" if self.transpose_b else "n")
        batch = "" if self.batch is None else f"_batch{self.batch}" + "_shared" * self.shared_b
        return f"m{self.m}_n{self.n}_k{self.k}_{flags}{batch}"

    @property
    def flags(self) -> dict[str, bool]:
        return {"transpose_a": self.transpose_a, "transpose_b": self.transpose_b}

    @property
    def length(self) -> int:
        return self.k

    @property
    def flops(self) -> int:
        return 2 * (1 if self.batch is None else self.batch) * self.m * self.n * self.k

    @property
    def bytes(self) -> int:
        a, b = self.input_shapes()
        count = 1 if self.batch is None else self.batch
        return FLOAT_BYTES * int(np.prod(a) + np.prod(b) + count * self.m * self.n)

    def input_shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        a = (self.k, self.m) if self.transpose_a else (self.m, self.k)
        b = (self.n, self.k) if self.transpose_b else (self.k, self.n)
        if self.batch is None:
            return a, b
        return (self.batch, *a), b if self.shared_b else (self.batch, *b)

    def inputs(self) -> tuple[Array, Array]:
        a, b = self.input_shapes()
        return random(a, self, "a"), random(b, self, "b")


_TILE_EDGES = (
    (1, 1, 1), (1, 17, 33), (5, 15, 7), (6, 16, 8), (7, 17, 9), (13, 31, 64), (14, 32, 65),
    (15, 33, 1), (29, 1, 127), (64, 96, 257), (97, 101, 103), (2, 3, 1031), (0, 5, 4), (5, 0, 4),
    (3, 4, 0),
)  # fmt: skip
_ORDERS = ((False, False), (False, True), (True, False), (True, True))

MATMUL = (
    *(MatmulCase(m, n, k, ta, tb) for m, n, k in _TILE_EDGES for ta, tb in _ORDERS),
    *(MatmulCase(7, 17, 13, ta, tb, batch=3) for ta, tb in _ORDERS),
    MatmulCase(7, 17, 13, batch=3, shared_b=True),
    MatmulCase(33, 5, 19, batch=1, transpose_b=True, shared_b=True),
    MatmulCase(4, 5, 6, batch=0),
    MatmulCase(150, 200, 400),
)

MATMUL_LAYERS = {
    "square512": MatmulCase(512, 512, 512),
    "square2048": MatmulCase(2048, 2048, 2048),
    "lenet_dense1": MatmulCase(128, 120, 400),
    "vgg_dense1": MatmulCase(32, 4096, 25088),
}


@dataclass(frozen=True)
class DenseCase:
    """x (*rows, D) @ w (D, U) + b."""

    rows: tuple[int, ...]
    D: int
    U: int
    activation: str | None = None
    bias: bool = True

    def __str__(self) -> str:
        text = f"{compact(self.rows)}_d{self.D}_u{self.U}" + "_nobias" * (not self.bias)
        return text + (f"_{self.activation}" if self.activation else "")

    @property
    def flops(self) -> int:
        return 2 * int(np.prod(self.rows)) * self.D * self.U

    @property
    def bytes(self) -> int:
        return FLOAT_BYTES * (int(np.prod(self.rows)) * (self.D + self.U) + self.D * self.U)

    def inputs(self) -> tuple[Array, Array, Array | None]:
        b = random((self.U,), self, "b") if self.bias else None
        return random((*self.rows, self.D), self, "x"), random((self.D, self.U), self, "w"), b

    def dy(self) -> Array:
        return random((*self.rows, self.U), self, "dy")


DENSE = (
    DenseCase((1,), 400, 120, "relu"),
    DenseCase((33,), 120, 84, "relu"),
    DenseCase((17,), 84, 10),
    DenseCase((6,), 16, 17, "sigmoid"),
    DenseCase((14,), 31, 33, "tanh"),
    DenseCase((2, 5), 9, 7, "leaky_relu"),
    DenseCase((2, 3, 4), 5, 16, bias=False),
    DenseCase((1,), 1, 1),
    DenseCase((0,), 4, 3, "relu"),
    DenseCase((129,), 1, 15),
    DenseCase((3,), 1009, 2, bias=False),
)
