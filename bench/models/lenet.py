"""LeNet-5 (61,706 parameters) as every library here computes it: sizes, inputs, first weights.

32x32x1 -> conv 5x5x6, ReLU, max-pool -> conv 5x5x16, ReLU, max-pool -> 400-120-84-10, softmax.
Weights are in brasa's layout and order: kernel, bias, kernel, bias ...
"""

from __future__ import annotations

import math

import numpy as np

from bench.case import Array, Arrays
from bench.data import empty, normal

IMAGE = (32, 32, 1)
CLASSES = 10
SHAPES = [
    *((5, 5, 1, 6), (6,)),
    *((5, 5, 6, 16), (16,)),
    *((400, 120), (120,)),
    *((120, 84), (84,)),
    *((84, 10), (10,)),
]

_FIRST_CONV = 2.0 * 28 * 28 * 6 * 25
FORWARD_FLOPS = _FIRST_CONV + 2.0 * (10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10)
# Forward, data gradient (not of the images) and weight gradient cost the same.
TRAIN_FLOPS = 3 * FORWARD_FLOPS - _FIRST_CONV

RATES = {"sgdm": 0.01, "adam": 0.001}
MOMENTUM = 0.9
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


def inputs(batch: int, rng: np.random.Generator) -> Arrays:
    """A batch of images, its labels, and the weights w0 to w9 (Glorot's scale, biases not zero)."""
    data = {
        "x": normal(rng, batch, *IMAGE),
        "labels": rng.integers(0, CLASSES, batch, dtype=np.int32),
    }
    for i, shape in enumerate(SHAPES):
        fans = math.prod(shape[:-2]) * sum(shape[-2:]) if len(shape) > 1 else 200
        data[f"w{i}"] = normal(rng, *shape) * np.float32((2 / fans) ** 0.5)
    return data


def image_set(count: int, rng: np.random.Generator) -> Arrays:
    """Random bytes 0 to 2: mean and variance near 1, so that raw bytes train without scaling."""
    x = empty((count, *IMAGE), np.uint8)
    x[...] = rng.integers(0, 3, x.shape, dtype=np.uint8)
    return {"x": x, "labels": rng.integers(0, CLASSES, count, dtype=np.int32)}


def weights(data: Arrays) -> list[Array]:
    return [data[f"w{i}"] for i in range(len(SHAPES))]


def changes(data: Arrays, loss: float, new: list[Array]) -> Arrays:
    """The result of a training step: the loss, and how far each weight moved."""
    result = {"loss": np.array(loss)}
    for i, (after, before) in enumerate(zip(new, weights(data), strict=True)):
        result[f"step{i}"] = after.astype(np.float64) - before
    return result
