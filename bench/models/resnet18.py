"""ResNet-18 as every library here computes it: sizes, first weights, the forward pass in NumPy.

A unit is a convolution without bias and the normalization behind it. A block has two units, and a
third one on the shortcut where it changes the shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bench import numpy_nn as nn
from bench.case import Array, Arrays
from bench.data import normal

IMAGE, CLASSES, EPSILON = (224, 224, 3), 1000, 1e-5


class Unit(NamedTuple):
    name: str
    size: int
    channels: int
    filters: int
    stride: int
    extent: int  # height and width of its output


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

FORWARD_FLOPS = 2.0 * 512 * CLASSES + sum(
    2.0 * u.extent**2 * u.filters * u.size**2 * u.channels for u in UNITS
)
# Forward, data gradient (not of the images) and weight gradient cost the same.
TRAIN_FLOPS = 3 * FORWARD_FLOPS - 2.0 * 112**2 * 64 * 49 * 3


def inputs(batch: int, rng: np.random.Generator) -> Arrays:
    data = {
        "x": normal(rng, batch, *IMAGE),
        "labels": rng.integers(0, CLASSES, batch, dtype=np.int32),
        "dense_w": normal(rng, 512, CLASSES) * np.float32(512**-0.5),
        "dense_b": normal(rng, CLASSES) * np.float32(0.1),
    }
    for u in UNITS:
        scale = np.float32((2 / (u.size**2 * u.channels)) ** 0.5)
        data[f"{u.name}_w"] = normal(rng, u.size, u.size, u.channels, u.filters) * scale
        data[f"{u.name}_gamma"] = np.abs(normal(rng, u.filters)) * np.float32(0.5)
        data[f"{u.name}_beta"] = normal(rng, u.filters) * np.float32(0.1)
        data[f"{u.name}_mean"] = normal(rng, u.filters) * np.float32(0.1)
        data[f"{u.name}_variance"] = 1 + np.abs(normal(rng, u.filters))
    return data


def scale_of(unit: Unit, data: Arrays) -> list[Array]:
    """Gamma, beta, mean and variance of the normalization."""
    return [data[f"{unit.name}_{name}"] for name in ("gamma", "beta", "mean", "variance")]


def features(data: Arrays, *, training: bool) -> Array:
    """What the dense layer sees, (N, 512), in float64."""

    def unit(x: Array, u: Unit) -> Array:
        w = data[f"{u.name}_w"].astype(np.float64)
        y = np.concatenate(
            [nn.conv2d(image[None], w, np.zeros(u.filters), u.stride, u.size // 2) for image in x]
        )
        gamma, beta, mean, variance = scale_of(u, data)
        if training:
            mean, variance = y.mean((0, 1, 2)), y.var((0, 1, 2))
        return (y - mean) * gamma / np.sqrt(variance + EPSILON) + beta

    x = np.maximum(unit(data["x"].astype(np.float64), STEM), 0)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))  # after ReLU, 0 never wins alone
    corners = [padded[:, r : r + 111 : 2, s : s + 111 : 2] for r in range(3) for s in range(3)]
    x = np.max(corners, axis=0)
    for block in BLOCKS:
        y = unit(np.maximum(unit(x, block.first), 0), block.second)
        x = np.maximum(y + (unit(x, block.side) if block.side else x), 0)
    return x.mean((1, 2))


def changes(data: Arrays, loss: float, dense: tuple[Array, Array]) -> Arrays:
    """The result of a training step: the loss, and how far the dense layer moved."""
    return {
        "loss": np.array(loss),
        "dense_w": dense[0].astype(np.float64) - data["dense_w"],
        "dense_b": dense[1].astype(np.float64) - data["dense_b"],
    }


def each_pair(data: Arrays, put: Callable[[Unit, Array, list[Array]], None]) -> None:
    """``put(unit, filters, scale)`` for all units."""
    for unit in UNITS:
        put(unit, data[f"{unit.name}_w"], scale_of(unit, data))
