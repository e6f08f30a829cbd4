"""Means and largest elements over axes: of rows, of columns, of images, of everything."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants, sum_bound
from bench.data import aligned_copy, empty, normal

# The shape and the axes.
SHAPES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "4096x1024/rows": ((4096, 1024), (1,)),
    "4096x1024/columns": ((4096, 1024), (0,)),
    "64x56x56x64/images": ((64, 56, 56, 64), (1, 2)),
    "200000x10/rows": ((200_000, 10), (1,)),
    "10000000/all": ((10_000_000,), (0,)),
}

CASES = [
    Case(
        op="reduce",
        name=f"{kind}_{name}",
        spec={"kind": kind, "shape": list(shape), "axes": list(axes)},
        bytes=4.0 * math.prod(shape),
        bound="bytes",
        quick=name == "4096x1024/rows",
        rotate=True,
        data=name,
    )
    for name, (shape, axes) in SHAPES.items()
    for kind in ("mean", "max")
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {"x": normal(rng, *case.spec["shape"])}


def _axes(case: Case) -> tuple[int, ...]:
    return tuple(case.spec["axes"])


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    x, axes = data["x"], _axes(case)
    if case.spec["kind"] == "max":
        return {"y": Expected(x.max(axes), 0.0)}
    want = x.mean(axes, dtype=np.float64)
    count = x.size // want.size
    return {"y": Expected(want, sum_bound(count, 1.0) / count)}


def _rows(case: Case, data: Arrays) -> tuple[int, ...]:
    return tuple(n for i, n in enumerate(data["x"].shape) if i not in _axes(case))


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    def build() -> Variant:
        x, y = aligned_copy(data["x"]), empty(_rows(case, data))
        run = partial(getattr(ops, case.spec["kind"]), x, _axes(case), out=y)
        return Variant(run, lambda y: {"y": y}, [y])

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        x, y = aligned_copy(data["x"]), empty(_rows(case, data))
        run = partial(getattr(np, case.spec["kind"]), x, _axes(case), out=y)
        return Variant(run, lambda y: {"y": y}, [y])

    return {"out": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    def build() -> Variant:
        x, y = tensor(data["x"]), tensor(empty(_rows(case, data)))
        op: Any = torch.mean if case.spec["kind"] == "mean" else torch.amax
        return Variant(partial(op, x, _axes(case), out=y), lambda y: {"y": back(y)}, [y])

    return {"out": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
