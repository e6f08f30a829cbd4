"""Normally distributed noise on a large activation.

Draws differ between libraries, so mean, variance and tails are checked.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty, normal

SHAPES = {"128x784": (128, 784), "4096x1000": (4096, 1000)}
_STDDEV = 0.5

CASES = [
    Case(
        op="gaussian_noise",
        name=shape,
        spec={"shape": list(extents)},
        bytes=8.0 * math.prod(extents),
        bound="bytes",
        quick=shape == "4096x1000",
        rotate=True,
        data=shape,
    )
    for shape, extents in SHAPES.items()
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {"x": normal(rng, *case.spec["shape"])}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    size = math.prod(case.spec["shape"])
    return {
        "mean": Expected(np.array(0.0), 6 / size**0.5),
        "variance": Expected(np.array(1.0), 6 * (2 / size) ** 0.5),
        "beyond two": Expected(np.array(0.0455), 6 * (0.0455 / size) ** 0.5),
    }


def _arrays(x: Array, y: Array) -> Arrays:
    z = (y.astype(np.float64) - x) / _STDDEV
    return {
        "mean": np.array(z.mean()),
        "variance": np.array((z * z).mean()),
        "beyond two": np.array((np.abs(z) > 2).mean()),
    }


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    def build() -> Variant:
        x, y, steps = aligned_copy(data["x"]), empty(case.spec["shape"]), count()

        def run() -> Any:
            return ops.gaussian_noise(x, _STDDEV, seed=1, step=next(steps), out=y)

        return Variant(run, partial(_arrays, x), [y], stateful=True)

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        x, rng = data["x"].copy(), np.random.default_rng(1)

        def run() -> Array:
            return x + np.float32(_STDDEV) * rng.standard_normal(x.shape, np.float32)

        return Variant(run, partial(_arrays, x), stateful=True)

    return {"plain": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import tensor

    def build() -> Variant:
        x = tensor(data["x"])

        def run() -> Any:
            return torch.randn_like(x).mul_(_STDDEV).add_(x)

        return Variant(run, lambda result: _arrays(x.numpy(), result.numpy()), stateful=True)

    return {"randn": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
