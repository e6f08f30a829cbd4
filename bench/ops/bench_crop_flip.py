"""Random crops, mirrored half of the time: the batch of CIFAR's recipe, and of ImageNet's.

Windows differ between libraries, so each pixel holds its own number: what a window is follows from
its corners, and all of it is checked.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty

# (N, H, W, C) and the side of the window.
SHAPES = {"cifar_b128": ((128, 40, 40, 3), 32), "imagenet_b16": ((16, 256, 256, 3), 224)}

CASES = [
    Case(
        op="crop_flip",
        name=name,
        spec={"shape": list(shape), "size": size},
        bytes=8.0 * shape[0] * size * size * shape[3],
        bound="bytes",
        quick=name == "cifar_b128",
        rotate=True,
        data=name,
    )
    for name, (shape, size) in SHAPES.items()
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    shape = case.spec["shape"]
    x = empty(shape)
    x[...] = np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    return {"x": x}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    """No image is anything but a window; of three draws each, no share is far from its mean."""
    images = case.spec["shape"][0]
    return {
        "wrong": Expected(np.array(0.0), 0.0),
        "mirrored": Expected(np.array(0.5), 4 * 0.5 / images**0.5),
        "place": Expected(np.array([0.5, 0.5]), 4 * 0.33 / images**0.5),
    }


def _arrays(case: Case, y: Array) -> Arrays:
    (images, height, width, channels), size = case.spec["shape"], case.spec["size"]
    corner = y[:, 0, :: size - 1, 0].astype(np.int64)  # both ends of the first row
    mirrored = corner[:, 0] > corner[:, 1]
    pixel = corner.min(axis=1) // channels
    top, left = pixel // width % height, pixel % width
    x = np.arange(math.prod(case.spec["shape"]), dtype=np.float32).reshape(case.spec["shape"])
    wrong = 0
    for n in range(images):
        window = x[n, top[n] : top[n] + size, left[n] : left[n] + size]
        wrong += not np.array_equal(y[n], window[:, ::-1] if mirrored[n] else window)
    place = np.array([(top / (height - size)).mean(), (left / (width - size)).mean()])
    return {"wrong": np.array(float(wrong)), "mirrored": mirrored.mean(), "place": place}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    (images, height, width, channels), size = case.spec["shape"], case.spec["size"]

    def build() -> Variant:
        x, y, steps = aligned_copy(data["x"]), empty((images, size, size, channels)), count()
        places = {"top": (0, height - size), "left": (0, width - size), "flip": "horizontal"}

        def run() -> Any:
            return ops.crop_flip(x, size, **places, seed=1, step=next(steps), out=y)

        return Variant(run, partial(_arrays, case), [y], stateful=True)

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    (images, height, width, _), size = case.spec["shape"], case.spec["size"]

    def build(indexed: bool) -> Variant:
        x, rng = data["x"].copy(), np.random.default_rng(1)
        each = np.arange(images)[:, None, None]

        def draw() -> tuple[Array, Array, Array]:
            top = rng.integers(0, height - size + 1, images)
            left = rng.integers(0, width - size + 1, images)
            return top, left, rng.random(images) < 0.5

        def by_index() -> Array:
            top, left, mirrored = draw()
            rows, columns = top[:, None] + np.arange(size), left[:, None] + np.arange(size)
            columns = np.where(mirrored[:, None], columns[:, ::-1], columns)
            return x[each, rows[:, :, None], columns[:, None, :]]

        def by_slices() -> Array:
            y = np.empty((images, size, size, x.shape[3]), np.float32)
            for n, (top, left, mirrored) in enumerate(zip(*draw(), strict=True)):
                window = x[n, top : top + size, left : left + size]
                y[n] = window[:, ::-1] if mirrored else window
            return y

        return Variant(by_index if indexed else by_slices, partial(_arrays, case), stateful=True)

    return {"index": partial(build, True), "slices": partial(build, False)}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    (images, height, width, _), size = case.spec["shape"], case.spec["size"]

    def build() -> Variant:
        x, each = tensor(data["x"]), torch.arange(images)[:, None, None]
        window = torch.arange(size)

        def run() -> Any:
            rows = torch.randint(height - size + 1, (images, 1)) + window
            columns = torch.randint(width - size + 1, (images, 1)) + window
            columns = torch.where(torch.rand(images, 1) < 0.5, columns.flip(1), columns)
            return x[each, rows[:, :, None], columns[:, None, :]]

        return Variant(run, lambda y: _arrays(case, back(y)), stateful=True)

    return {"index": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
