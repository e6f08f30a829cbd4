"""Images brought to another size, in straight lines between their pixels."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty, normal

# (N, H, W, C) and the side of the result.
SHAPES = {
    "smaller_b16": ((16, 256, 256, 3), 224),
    "larger_b128": ((128, 32, 32, 3), 64),
    "features_b16": ((16, 28, 28, 64), 56),
}

CASES = [
    Case(
        op="warp2d",
        name=name,
        spec={"shape": list(shape), "size": size},
        bytes=4.0 * shape[0] * shape[3] * (shape[1] * shape[2] + size * size),
        bound="bytes",
        quick=name == "larger_b128",
        rotate=True,
        data=name,
    )
    for name, (shape, size) in SHAPES.items()
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {"x": normal(rng, *case.spec["shape"])}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    # Peers have places in float32: two roundings of what is below 256, between values 10 apart.
    y = _resized(data["x"][:2].astype(np.float64), case.spec["size"])
    return {"y": Expected(y, 2 * 10 * 256 * 2.0**-24, slice(0, 2))}


def _along(x: Array, axis: int, size: int) -> Array:
    extent = x.shape[axis]
    at = np.clip((np.arange(size) + 0.5) * extent / size - 0.5, 0, extent - 1)
    first = at.astype(np.int64)
    behind = (at - first).astype(x.dtype).reshape([-1 if i == axis else 1 for i in range(4)])
    low = x.take(first, axis)
    return low + behind * (x.take(np.minimum(first + 1, extent - 1), axis) - low)


def _resized(x: Array, size: int) -> Array:
    return _along(_along(x, 1, size), 2, size)


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    (images, _, _, channels), size = case.spec["shape"], case.spec["size"]

    def build() -> Variant:
        x, y = aligned_copy(data["x"]), empty((images, size, size, channels))

        def run() -> Any:
            return ops.warp2d(x, size, fill_mode="nearest", out=y)

        return Variant(run, lambda y: {"y": y}, [y])

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        x = data["x"].copy()
        return Variant(partial(_resized, x, case.spec["size"]), lambda y: {"y": y})

    return {"axes": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import LAYOUTS, images

    size = case.spec["size"]

    def build(layout: str) -> Variant:
        x = images(data["x"], layout)

        def run() -> Any:
            return torch.nn.functional.interpolate(
                x, (size, size), mode="bilinear", align_corners=False
            )

        return Variant(run, lambda y: {"y": y.permute(0, 2, 3, 1).numpy()})

    return {layout: partial(build, layout) for layout in LAYOUTS}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
