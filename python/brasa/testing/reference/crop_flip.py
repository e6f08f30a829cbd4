"""Windows of images at random places, from NumPy's own padding and turning."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, wide
from .dropout import philox

# What np.pad calls them.
PAD_MODES = {"constant": "constant", "nearest": "edge", "reflect": "symmetric", "wrap": "wrap"}

Places = tuple[int, int]


def drawn_crops(
    images: int, top: Places, left: Places, seed: int = 0, step: int = 0, node: int = 0
) -> list[tuple[int, int, bool, bool]]:
    """(top, left, vertical, horizontal) of each image: its window's corner, what is flipped."""
    rows, columns = (last - first + 1 for first, last in (top, left))
    half = 1 << 31
    return [
        (top[0] + (a * rows >> 32), left[0] + (b * columns >> 32), v >= half, h >= half)
        for a, b, v, h in philox(seed, np.arange(images), (step << 32) + node).tolist()
    ]


def crop_flip(
    x: ArrayLike,
    size: tuple[int, int],
    top: Places = (0, 0),
    left: Places = (0, 0),
    flip: str | None = None,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    **numbers: int,
) -> Array:
    x, flips = wide(x), flip or ""
    above = [max(0, -places[0]) for places in (top, left)]
    below = [
        max(0, places[1] + window - extent)
        for places, window, extent in zip((top, left), size, x.shape[1:3], strict=True)
    ]
    pads = [(0, 0), *zip(above, below, strict=True), (0, 0)]
    mode: Any = PAD_MODES[fill_mode]
    filled = {"constant_values": fill_value} if fill_mode == "constant" else {}
    padded = np.pad(x, pads, mode, **filled)
    y = np.zeros((len(x), *size, x.shape[-1]))
    for n, (row, column, v, h) in enumerate(drawn_crops(len(x), top, left, **numbers)):
        i, j = row + above[0], column + above[1]
        window = padded[n, i : i + size[0], j : j + size[1]]
        window = window[::-1] if v and "vertical" in flips else window
        y[n] = window[:, ::-1] if h and "horizontal" in flips else window
    return y


def crop_flip_backward(dy: ArrayLike, x_shape: tuple[int, ...], **arguments: Any) -> Array:
    """What each window shows is looked up in images of indices; pixels beyond them have none."""
    dy = wide(dy)
    indices = np.arange(float(np.prod(x_shape))).reshape(x_shape)
    shown = crop_flip(indices, dy.shape[1:3], fill_value=-1.0, **arguments)
    inside = shown >= 0
    dx = np.zeros(indices.size)
    np.add.at(dx, shown[inside].astype(np.int64), dy[inside])
    return dx.reshape(x_shape)
