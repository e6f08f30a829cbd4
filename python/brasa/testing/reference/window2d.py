"""A window that slides over an image: sizes, and which pixels each tap reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Array, Padding, Pair, pair


@dataclass(frozen=True)
class Window:
    """One axis of a sliding window: what `pad_*`, `stride` and the two extents leave of it."""

    size: int
    stride: int
    dilation: int
    before: int
    after: int
    outputs: int

    def rows(self, tap: int) -> slice:
        """The padded rows that tap number `tap` reads, one for each output."""
        first = tap * self.dilation
        return slice(first, first + (self.outputs - 1) * self.stride + 1, self.stride)


def windows(
    image: tuple[int, int],
    size: Pair,
    strides: Pair = 1,
    padding: Padding = "valid",
    dilation_rate: Pair = 1,
) -> tuple[Window, Window]:
    """The vertical and the horizontal window of a convolution or pooling over `image` (H, W)."""
    axes = []
    for axis in range(2):
        extent, taps = image[axis], pair(size)[axis]
        stride, dilation = pair(strides)[axis], pair(dilation_rate)[axis]
        reach = (taps - 1) * dilation + 1
        if padding == "valid":
            before = after = 0
        elif padding == "same":
            total = max((-(-extent // stride) - 1) * stride + reach - extent, 0)
            before, after = total // 2, total - total // 2
        elif isinstance(padding, int):
            before = after = padding
        else:
            assert not isinstance(padding, str)
            side = padding[axis]
            before, after = (side, side) if isinstance(side, int) else side
        outputs = (extent + before + after - reach) // stride + 1
        axes.append(Window(taps, stride, dilation, before, after, outputs))
    return axes[0], axes[1]


def pad(x: Array, rows: Window, columns: Window, fill: float = 0.0) -> Array:
    edges = ((0, 0), (rows.before, rows.after), (columns.before, columns.after), (0, 0))
    return np.pad(x, edges, constant_values=fill)


def crop(padded: Array, rows: Window, columns: Window, image: tuple[int, int]) -> Array:
    top, left = rows.before, columns.before
    return np.ascontiguousarray(padded[:, top : top + image[0], left : left + image[1]])
