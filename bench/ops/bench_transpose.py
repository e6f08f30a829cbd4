"""Axes in another order: a matrix, and images to channels first and back."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty, normal

# The shape and the axes.
SHAPES = {
    "2048x2048": ((2048, 2048), (1, 0)),
    "1500x1100": ((1500, 1100), (1, 0)),
    "32x64x56x56/last": ((32, 64, 56, 56), (0, 2, 3, 1)),
    "32x56x56x64/first": ((32, 56, 56, 64), (0, 3, 1, 2)),
    "64x100x128/time": ((64, 100, 128), (1, 0, 2)),
}

CASES = [
    Case(
        op="transpose",
        name=name,
        spec={"shape": list(shape), "axes": list(axes)},
        bytes=8.0 * math.prod(shape),
        bound="bytes",
        quick=name == "2048x2048",
        rotate=True,
        data=name,
    )
    for name, (shape, axes) in SHAPES.items()
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {"x": normal(rng, *case.spec["shape"])}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    return {"y": Expected(data["x"].transpose(case.spec["axes"]), 0.0)}


def _result(case: Case, data: Arrays) -> Array:
    return empty(data["x"].transpose(case.spec["axes"]).shape)


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    def build() -> Variant:
        x, y = aligned_copy(data["x"]), _result(case, data)
        run = partial(ops.transpose, x, tuple(case.spec["axes"]), out=y)
        return Variant(run, lambda y: {"y": y}, [y])

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        x, y = data["x"].copy(), _result(case, data)
        turned = x.transpose(case.spec["axes"])

        def run() -> Array:
            np.copyto(y, turned)
            return y

        return Variant(run, lambda y: {"y": y}, [y])

    return {"copyto": build}


def _torch(case: Case, data: Arrays) -> Variants:
    from bench.peers.torch_tensors import back, tensor

    def build() -> Variant:
        x, y = tensor(data["x"]), tensor(_result(case, data))
        run = partial(y.copy_, x.permute(case.spec["axes"]))
        return Variant(run, lambda y: {"y": back(y)}, [y])

    return {"copy": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
