"""ResNet-18 as every library here computes it: sizes, and the forward pass in NumPy.

A block has two units, and a third one on the shortcut where it changes the shape.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bench.case import Array, Arrays
from bench.models import residual
from bench.models.residual import Sizes, Unit


class Block(NamedTuple):
    first: Unit
    second: Unit
    side: Unit | None


STEM = Unit("stem", 7, 3, 64, 2, 112)


def _blocks() -> list[Block]:
    blocks, channels = [], 64
    for stage, filters in enumerate((64, 128, 256, 512)):
        for number in range(2):
            stride, extent = 2 if stage > 0 and number == 0 else 1, 56 >> stage
            name = f"block{2 * stage + number}"
            first = Unit(f"{name}_first", 3, channels, filters, stride, extent)
            second = Unit(f"{name}_second", 3, filters, filters, 1, extent)
            side = Unit(f"{name}_side", 1, channels, filters, stride, extent)
            blocks.append(Block(first, second, side if stride > 1 else None))
            channels = filters
    return blocks


BLOCKS = _blocks()
UNITS = [
    STEM,
    *(unit for block in BLOCKS for unit in (block.first, block.side, block.second) if unit),
]
SIZES = Sizes((224, 224, 3), 512, 1000, UNITS)


def features(data: Arrays, *, training: bool) -> Array:
    """What the dense layer sees, (N, 512), in float64."""

    def unit(x: Array, u: Unit) -> Array:
        return residual.apply(u, x, data, training=training)

    x = np.maximum(unit(data["x"].astype(np.float64), STEM), 0)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))  # after ReLU, 0 never wins alone
    corners = [padded[:, r : r + 111 : 2, s : s + 111 : 2] for r in range(3) for s in range(3)]
    x = np.max(corners, axis=0)
    for block in BLOCKS:
        y = unit(np.maximum(unit(x, block.first), 0), block.second)
        x = np.maximum(y + (unit(x, block.side) if block.side else x), 0)
    return x.mean((1, 2))
