"""Max and average pooling."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, Padding, Pair, wide
from .window2d import Window, crop, pad, windows


def max_pool2d(
    x: ArrayLike, pool_size: Pair = 2, strides: Pair | None = None, padding: Padding = "valid"
) -> tuple[Array, Array]:
    """The maxima and the pixel h*W + w of each; ties go to the first in row order, NaN wins."""
    x = wide(x)
    N, H, W, C = x.shape
    rows, columns = windows((H, W), pool_size, pool_size if strides is None else strides, padding)
    pixels = np.arange(H * W).reshape(1, H, W, 1)
    values, places = pad(x, rows, columns), pad(pixels, rows, columns, fill=-1)
    y = np.full((N, rows.outputs, columns.outputs, C), -np.inf)
    argmax = np.full(y.shape, -1, np.int32)
    for r in range(rows.size):
        for s in range(columns.size):
            value = values[:, rows.rows(r), columns.rows(s)]
            place = places[:, rows.rows(r), columns.rows(s)]
            better = (argmax < 0) | (value > y) | (np.isnan(value) & ~np.isnan(y))
            better &= place >= 0
            y, argmax = np.where(better, value, y), np.where(better, place, argmax)
    return y, argmax.astype(np.int32)


def max_pool2d_backward(
    dy: ArrayLike,
    argmax: Array,
    x_shape: tuple[int, int, int, int],
    pool_size: Pair = 2,
    strides: Pair | None = None,
    padding: Padding = "valid",
) -> Array:
    N, H, W, C = x_shape
    dx = np.zeros((N, H * W, C))
    image, _, _, channel = np.indices(argmax.shape)
    np.add.at(dx, (image, argmax, channel), wide(dy))
    return dx.reshape(x_shape)


def _pixel_counts(
    image: tuple[int, int], pool_size: Pair, strides: Pair | None, padding: Padding
) -> tuple[Window, Window, Array]:
    """The windows, and how many pixels of the image lie in each: (1, P, Q, 1)."""
    rows, columns = windows(image, pool_size, pool_size if strides is None else strides, padding)
    inside = pad(np.ones((1, *image, 1)), rows, columns)
    taps = [
        inside[:, rows.rows(r), columns.rows(s)]
        for r in range(rows.size)
        for s in range(columns.size)
    ]
    return rows, columns, np.sum(taps, axis=0)


def average_pool2d(
    x: ArrayLike, pool_size: Pair = 2, strides: Pair | None = None, padding: Padding = "valid"
) -> Array:
    """Means over the pixels inside the image: padding is not counted."""
    x = wide(x)
    rows, columns, count = _pixel_counts(x.shape[1:3], pool_size, strides, padding)
    padded = pad(x, rows, columns)
    total = np.zeros((x.shape[0], rows.outputs, columns.outputs, x.shape[3]))
    for r in range(rows.size):
        for s in range(columns.size):
            total += padded[:, rows.rows(r), columns.rows(s)]
    return total / count


def average_pool2d_backward(
    dy: ArrayLike,
    x_shape: tuple[int, int, int, int],
    pool_size: Pair = 2,
    strides: Pair | None = None,
    padding: Padding = "valid",
) -> Array:
    rows, columns, count = _pixel_counts(x_shape[1:3], pool_size, strides, padding)
    padded = pad(np.zeros(x_shape), rows, columns)
    for r in range(rows.size):
        for s in range(columns.size):
            padded[:, rows.rows(r), columns.rows(s)] += wide(dy) / count
    return crop(padded, rows, columns, x_shape[1:3])
