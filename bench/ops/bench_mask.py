"""Masks of padded sequences: which steps differ from the padding, and those alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty, normal

_ROWS, _FEATURES = 128 * 100, 64  # a batch of sequences of 100 steps

CASES = [
    Case(
        op="mask",
        name=f"128x100x64/{kind}",
        spec={"kind": kind},
        bytes=4.0 * _ROWS * (_FEATURES * (2 if kind == "rows" else 1) + 1),
        bound="bytes",
        quick=kind == "rows",
        data="steps",
    )
    for kind in ("of_rows", "rows")
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    mask = (rng.random(_ROWS) < 0.7).astype(np.float32)
    return {"x": normal(rng, _ROWS, _FEATURES) * mask[:, None], "mask": mask}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    want = data["mask"] if case.spec["kind"] == "of_rows" else data["x"]
    return {"y": Expected(want.astype(np.float64), 0.0)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    def build() -> Variant:
        x, mask = aligned_copy(data["x"]), aligned_copy(data["mask"])
        if case.spec["kind"] == "of_rows":
            y = empty((_ROWS,))
            return Variant(lambda: ops.mask_of_rows(x, out=y), lambda y: {"y": y}, [y])
        y = empty(x.shape)
        return Variant(lambda: ops.mask_rows(x, mask, out=y), lambda y: {"y": y}, [y])

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        x, mask = data["x"], data["mask"]

        def of_rows() -> Any:
            return (x != 0).any(-1).astype(np.float32)

        def rows() -> Any:
            return x * mask[:, None]

        return Variant(of_rows if case.spec["kind"] == "of_rows" else rows, lambda y: {"y": y})

    return {"plain": build}


def _torch(case: Case, data: Arrays) -> Variants:
    from bench.peers.torch_tensors import back, tensor

    def build() -> Variant:
        x, mask = tensor(data["x"]), tensor(data["mask"])

        def of_rows() -> Any:
            return (x != 0).any(-1).float()

        def rows() -> Any:
            return x * mask[:, None]

        run = of_rows if case.spec["kind"] == "of_rows" else rows
        return Variant(run, lambda y: {"y": back(y)})

    return {"plain": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
