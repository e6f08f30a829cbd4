"""CIFAR's ResNet-20 as every library here computes it: sizes, and the forward pass in NumPy.

Shortcuts that change the shape take every other pixel, between channels of zeros (option A).
"""

from __future__ import annotations

import numpy as np

from bench.case import Array, Arrays
from bench.models import residual
from bench.models.residual import Sizes, Unit

STEM = Unit("stem", 3, 3, 16, 1, 32)


def _blocks() -> list[tuple[Unit, Unit]]:
    blocks, channels = [], 16
    for number in range(9):
        filters, extent = 16 << number // 3, 32 >> number // 3
        first = Unit(f"b{number}_0", 3, channels, filters, filters // channels, extent)
        blocks.append((first, Unit(f"b{number}_1", 3, filters, filters, 1, extent)))
        channels = filters
    return blocks


BLOCKS = _blocks()
SIZES = Sizes((32, 32, 3), 64, 10, [STEM, *(unit for block in BLOCKS for unit in block)])


def features(data: Arrays, *, training: bool) -> Array:
    """What the dense layer sees, (N, 64), in float64."""

    def unit(x: Array, u: Unit) -> Array:
        return residual.apply(u, x, data, training=training)

    x = np.maximum(unit(data["x"].astype(np.float64), STEM), 0)
    for first, second in BLOCKS:
        y = unit(np.maximum(unit(x, first), 0), second)
        margin = (first.filters - first.channels) // 2
        side = x[:, :: first.stride, :: first.stride]
        x = np.maximum(np.pad(side, ((0, 0), (0, 0), (0, 0), (margin, margin))) + y, 0)
    return x.mean((1, 2))
