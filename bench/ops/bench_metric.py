"""Accuracy of class scores against labels."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, normal

SHAPES = {"4096x1000": (4096, 1000), "65536x10": (65536, 10)}

CASES = [
    Case(
        op="metric",
        name=f"accuracy_{shape}",
        spec={"shape": list(extents)},
        bytes=4.0 * extents[0] * (extents[1] + 1),
        bound="bytes",
        quick=shape == "65536x10",
        rotate=True,
        data=shape,
    )
    for shape, extents in SHAPES.items()
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    rows, classes = case.spec["shape"]
    return {"x": normal(rng, rows, classes), "labels": rng.integers(0, classes, rows)}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    right = data["x"].argmax(-1) == data["labels"]
    return {"accuracy": Expected(np.array(right.mean()), 1e-6)}


def _named(value: float) -> Arrays:
    return {"accuracy": np.array(float(value))}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    def build() -> Variant:
        x, labels = aligned_copy(data["x"]), data["labels"].astype(np.int32)
        return Variant(partial(ops.accuracy, x, labels), _named)

    return {"eager": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        x, labels = data["x"].copy(), data["labels"].copy()

        def run() -> Any:
            return (x.argmax(-1) == labels).mean()

        return Variant(run, _named)

    return {"argmax": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import tensor

    def build() -> Variant:
        x, labels = tensor(data["x"]), torch.from_numpy(data["labels"].copy())

        def run() -> Any:
            return (x.argmax(-1) == labels).float().mean()

        return Variant(run, _named)

    return {"argmax": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
