"""Convolution (cross-correlation) over channels-last images."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .activation import activate
from .arrays import Array, Padding, Pair, wide
from .window2d import crop, pad, windows


def conv2d(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    strides: Pair = 1,
    padding: Padding = "valid",
    dilation_rate: Pair = 1,
    groups: int = 1,
    activation: str | None = None,
) -> Array:
    x, w = wide(x), wide(w)
    R, S, c, K = w.shape
    k = K // groups
    rows, columns = windows(x.shape[1:3], (R, S), strides, padding, dilation_rate)
    padded = pad(x, rows, columns)
    y = np.zeros((x.shape[0], rows.outputs, columns.outputs, K))
    for r in range(R):
        for s in range(S):
            seen = padded[:, rows.rows(r), columns.rows(s)]
            for g in range(groups):
                filters = slice(g * k, (g + 1) * k)
                y[..., filters] += seen[..., g * c : (g + 1) * c] @ w[r, s, :, filters]
    return activate(y if b is None else y + wide(b), activation)


def conv2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    strides: Pair = 1,
    padding: Padding = "valid",
    dilation_rate: Pair = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    dy, x, w = wide(dy), wide(x), wide(w)
    R, S, c, K = w.shape
    k = K // groups
    rows, columns = windows(x.shape[1:3], (R, S), strides, padding, dilation_rate)
    padded = pad(x, rows, columns)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for r in range(R):
        for s in range(S):
            at = (slice(None), rows.rows(r), columns.rows(s))
            for g in range(groups):
                channels, filters = slice(g * c, (g + 1) * c), slice(g * k, (g + 1) * k)
                sent = dy[..., filters]
                dpadded[at][..., channels] += sent @ w[r, s, :, filters].T
                read = padded[at][..., channels]
                dw[r, s, :, filters] = read.reshape(-1, c).T @ sent.reshape(-1, k)
    return crop(dpadded, rows, columns, x.shape[1:3]), dw, dy.sum((0, 1, 2))
