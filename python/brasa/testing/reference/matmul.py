"""Matrix products and the dense layer."""

from __future__ import annotations

from numpy.typing import ArrayLike

from .activation import activate
from .arrays import Array, wide


def matmul(
    a: ArrayLike, b: ArrayLike, transpose_a: bool = False, transpose_b: bool = False
) -> Array:
    a, b = wide(a), wide(b)
    return (a.swapaxes(-1, -2) if transpose_a else a) @ (b.swapaxes(-1, -2) if transpose_b else b)


def dense(
    x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None, activation: str | None = None
) -> Array:
    y = wide(x) @ wide(w)
    return activate(y if b is None else y + wide(b), activation)


def dense_backward(dy: ArrayLike, x: ArrayLike, w: ArrayLike) -> tuple[Array, Array, Array]:
    dy, x, w = wide(dy), wide(x), wide(w)
    flat_x, flat_dy = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
    return dy @ w.T, flat_x.T @ flat_dy, flat_dy.sum(0)
