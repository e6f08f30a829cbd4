"""One batch of rows picked from a data set of uint8 images, as float32: what feeds a step."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.data import empty

_ROWS, _PIXELS = 60_000, 784
BATCHES = (128, 4096)

CASES = [
    Case(
        op="gather",
        name=f"mnist_b{batch}",
        spec={"batch": batch},
        bytes=float(batch * _PIXELS * (1 + 4)),
        bound="bytes",
        quick=batch == 128,
        data=str(batch),
    )
    for batch in BATCHES
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    images = rng.integers(0, 256, (_ROWS, _PIXELS), dtype=np.uint8)
    return {"x": images, "index": rng.permutation(_ROWS)[: case.spec["batch"]]}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    return {"y": Expected(data["x"][data["index"]].astype(np.float64), 0.0)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import _core

    def build() -> Variant:
        # Only plans gather: there is no function for users, so the op is called by its name.
        operands, rows = [data["x"], data["index"]], {"rows": case.spec["batch"]}
        y = empty((case.spec["batch"], _PIXELS))
        run = partial(_core.run, "gather", operands, rows, (y,))
        return Variant(run, lambda out: {"y": out[0]}, [y])

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        x, index = data["x"], data["index"]
        return Variant(lambda: x[index].astype(np.float32), lambda y: {"y": y})

    return {"take": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back

    def build() -> Variant:
        x, index = torch.from_numpy(data["x"]), torch.from_numpy(data["index"])

        def run() -> Any:
            return x[index].float()

        return Variant(run, lambda y: {"y": back(y)})

    return {"take": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
