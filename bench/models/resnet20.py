"""CIFAR's ResNet-20 as every library here computes it: sizes, first weights, NumPy's forward pass.

Shortcuts that change the shape take every other pixel, between channels of zeros (option A).
"""

from __future__ import annotations

import numpy as np

from bench import numpy_nn as nn
from bench.case import Array, Arrays
from bench.data import normal
from bench.models.resnet18 import Unit, scale_of

IMAGE, CLASSES, EPSILON = (32, 32, 3), 10, 1e-5

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
UNITS = [STEM, *(unit for block in BLOCKS for unit in block)]

FORWARD_FLOPS = 2.0 * 64 * CLASSES + sum(
    2.0 * u.extent**2 * u.filters * u.size**2 * u.channels for u in UNITS
)
# Forward, data gradient (not of the images) and weight gradient cost the same.
TRAIN_FLOPS = 3 * FORWARD_FLOPS - 2.0 * 32**2 * 16 * 9 * 3


def inputs(batch: int, rng: np.random.Generator) -> Arrays:
    data = {
        "x": normal(rng, batch, *IMAGE),
        "labels": rng.integers(0, CLASSES, batch, dtype=np.int32),
        "dense_w": normal(rng, 64, CLASSES) * np.float32(64**-0.5),
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


def features(data: Arrays, *, training: bool) -> Array:
    """What the dense layer sees, (N, 64), in float64."""

    def unit(x: Array, u: Unit) -> Array:
        w = data[f"{u.name}_w"].astype(np.float64)
        y = nn.conv2d(x, w, np.zeros(u.filters), u.stride, 1)
        gamma, beta, mean, variance = scale_of(u, data)
        if training:
            mean, variance = y.mean((0, 1, 2)), y.var((0, 1, 2))
        return (y - mean) * gamma / np.sqrt(variance + EPSILON) + beta

    x = np.maximum(unit(data["x"].astype(np.float64), STEM), 0)
    for first, second in BLOCKS:
        y = unit(np.maximum(unit(x, first), 0), second)
        margin = (first.filters - first.channels) // 2
        side = x[:, :: first.stride, :: first.stride]
        x = np.maximum(np.pad(side, ((0, 0), (0, 0), (0, 0), (margin, margin))) + y, 0)
    return x.mean((1, 2))
