"""Whole numbers as floats, and floats as whole numbers: bound by memory."""

from __future__ import annotations

from functools import partial

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, normal

_SHAPE = (4096, 1000)

CASES = [
    Case(
        op="cast",
        name=f"{kind}_4096x1000",
        spec={"kind": kind, "shape": list(_SHAPE)},
        bytes=8.0 * _SHAPE[0] * _SHAPE[1],
        bound="bytes",
        rotate=True,
        data="4096x1000",
    )
    for kind in ("float", "int")
]


def inputs(_: Case, rng: np.random.Generator) -> Arrays:
    x = 1000 * normal(rng, *_SHAPE)
    return {"x": x, "whole": x.astype(np.int32)}


def _operand(case: Case, data: Arrays) -> np.ndarray:
    return data["whole" if case.spec["kind"] == "float" else "x"]


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    """Fractions are dropped; numbers so small are floats."""
    return {"y": Expected(np.trunc(_operand(case, data).astype(np.float64)), 0.0)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa.ops.dispatch import run

    def build() -> Variant:
        call = partial(run, f"cast_{case.spec['kind']}", [aligned_copy(_operand(case, data))])
        return Variant(call, lambda result: {"y": result[0]})

    return {"new": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        wanted = np.float32 if case.spec["kind"] == "float" else np.int32
        return Variant(partial(_operand(case, data).astype, wanted), lambda y: {"y": y})

    return {"new": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    def build() -> Variant:
        wanted = torch.float32 if case.spec["kind"] == "float" else torch.int32
        return Variant(partial(tensor(_operand(case, data)).to, wanted), lambda y: {"y": back(y)})

    return {"new": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
