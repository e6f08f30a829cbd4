"""Images turned and scaled, place by place; NumPy's own padding says what is beyond the edges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide
from .crop_flip import PAD_MODES
from .dropout import philox

Bounds = tuple[float, float]


def warp2d(
    x: ArrayLike,
    size: tuple[int, int] | None = None,
    fill_value: float = 0.0,
    absolute: bool = False,
    **arguments: Any,
) -> Array:
    """``absolute``: the sum of the absolute values of what is added up, for bounds of errors."""
    x = wide(x)
    if absolute:
        x, fill_value = np.abs(x), abs(fill_value)
    size = (x.shape[1], x.shape[2]) if size is None else size
    y = np.zeros((len(x), *size, x.shape[3]))
    for n, rows, columns, weights in _pixels(x.shape, size, **arguments):
        inside = (rows >= 0) & (columns >= 0)
        values = np.where(inside[..., None], x[n, rows, columns], fill_value)
        y[n] += np.where(weights[..., None] > 0, weights[..., None] * values, 0)
    return y


def warp2d_backward(dy: ArrayLike, x_shape: tuple[int, ...], **arguments: Any) -> Array:
    dy = wide(dy)
    dx = np.zeros(x_shape)
    for n, rows, columns, weights in _pixels(x_shape, dy.shape[1:3], **arguments):
        inside = (rows >= 0) & (columns >= 0)
        np.add.at(dx[n], (rows[inside], columns[inside]), (weights[..., None] * dy[n])[inside])
    return dx


def _pixels(
    shape: tuple[int, ...],
    size: tuple[int, ...],
    angle: Bounds = (0.0, 0.0),
    height: Bounds = (1.0, 1.0),
    width: Bounds | None = (1.0, 1.0),
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    seed: int = 0,
    step: int = 0,
    node: int = 0,
) -> Iterator[tuple[int, Array, Array, Array]]:
    """(image, rows, columns, weights), each four times: the pixels around all places of y."""
    words = philox(seed, np.arange(shape[0]), (step << 32) + node).astype(np.float64) * 2.0**-32
    p, q = (np.arange(extent) - (extent - 1) / 2 for extent in size)
    for n, word in enumerate(words):
        turn, rows, columns = (
            low + (high - low) * share
            for (low, high), share in zip((angle, height, width or (1, 1)), word[:3], strict=True)
        )
        u = (p * shape[1] / size[0] * rows)[:, None]
        v = (q * shape[2] / size[1] * (rows if width is None else columns))[None, :]
        cosine, sine = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
        h = (shape[1] - 1) / 2 + cosine * u + sine * v
        w = (shape[2] - 1) / 2 - sine * u + cosine * v
        axes = [
            _axis(at, extent, interpolation, fill_mode)
            for at, extent in ((h, shape[1]), (w, shape[2]))
        ]
        for i, row_weights in axes[0]:
            for j, column_weights in axes[1]:
                yield n, i, j, row_weights * column_weights


def _axis(at: Array, extent: int, interpolation: str, fill_mode: str) -> list[tuple[Array, Array]]:
    """The entries before and behind each place, -1 for the fill value, and their weights."""
    at = np.floor(at * 2.0**24 + 0.5) / 2.0**24
    first = np.floor(at + 0.5 if interpolation == "nearest" else at).astype(np.int64)
    behind = np.zeros(at.shape) if interpolation == "nearest" else at - first
    far = int(max(0, -first.min(), first.max() + 2 - extent))
    mode: Any = PAD_MODES[fill_mode]
    filled = {"constant_values": -1} if fill_mode == "constant" else {}
    entries = np.pad(np.arange(extent), far, mode, **filled)
    return [(entries[first + far + i], behind if i else 1 - behind) for i in (0, 1)]
