"""Sums, products and scaling of whole tensors: bound by memory, but for what a call costs."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty, normal

SHAPES = {"65536x10": (65536, 10), "32x64x56x56": (32, 56, 56, 64)}
_OPERANDS = {"add": 2, "add_bias": 2, "multiply": 2, "scale": 1}
_FACTOR = 0.3
# So few numbers that nearly all of the time goes into the call.
_FEW = 1, 16

CASES = [
    Case(
        op="elementwise",
        name="add_1x16",
        spec={"kind": "add", "shape": list(_FEW)},
        bytes=12.0 * math.prod(_FEW),
        bound="none",
        quick=True,
        data="few",
    ),
    *(
        Case(
            op="elementwise",
            name=f"{kind}_{shape}",
            spec={"kind": kind, "shape": list(extents)},
            bytes=4.0 * (2 if kind == "add_bias" else operands + 1) * math.prod(extents),
            bound="bytes",
            quick=kind == "add" and shape == "32x64x56x56",
            rotate=True,
            data=shape,
        )
        for shape, extents in SHAPES.items()
        for kind, operands in _OPERANDS.items()
    ),
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {name: normal(rng, *case.spec["shape"]) for name in ("a", "b")}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    """One rounding of a value below 64."""
    some = np.s_[::5]
    a, b = (data[name][some].astype(np.float64) for name in ("a", "b"))
    bias = _bias(data).astype(np.float64)
    values = {
        "add": a + b,
        "add_bias": a + bias,
        "multiply": a * b,
        "scale": a * np.float32(_FACTOR),
    }
    return {"y": Expected(values[case.spec["kind"]], 4e-6, some)}


def _bias(data: Arrays) -> Array:
    """One number for each column."""
    return data["b"].reshape(-1, data["b"].shape[-1])[0]


def _operands(case: Case, data: Arrays) -> list[Any]:
    if case.spec["kind"] == "add_bias":
        return [aligned_copy(data["a"]), aligned_copy(_bias(data))]
    return [aligned_copy(data[name]) for name in ("a", "b")[: _OPERANDS[case.spec["kind"]]]]


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    kind = case.spec["kind"]

    def build() -> Variant:
        operands, y = _operands(case, data), empty(case.spec["shape"])
        more = [_FACTOR] if kind == "scale" else []
        run = partial(getattr(ops, kind), *operands, *more, out=y)
        return Variant(run, lambda y: {"y": y}, [y])

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    kind = case.spec["kind"]

    def build() -> Variant:
        operands, y = _operands(case, data), empty(case.spec["shape"])
        more = [np.float32(_FACTOR)] if kind == "scale" else []
        run = partial(np.add if "add" in kind else np.multiply, *operands, *more, out=y)
        return Variant(run, lambda y: {"y": y}, [y])

    return {"out": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    kind = case.spec["kind"]

    def build() -> Variant:
        operands = [tensor(x) for x in _operands(case, data)]
        y = torch.empty_like(operands[0])
        more = [_FACTOR] if kind == "scale" else []
        run = partial(torch.add if "add" in kind else torch.mul, *operands, *more, out=y)
        return Variant(run, lambda y: {"y": back(y)}, [y])

    return {"out": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
