"""Dropout of a large activation.

Masks differ between libraries, so the share of zeros and the scale of the rest are checked.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty, normal

SHAPES = {"128x1600": (128, 1600), "4096x1000": (4096, 1000)}
_RATE = 0.5

CASES = [
    Case(
        op="dropout",
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
    """Each value is dropped or doubled, and about half of them are dropped."""
    size = math.prod(case.spec["shape"])
    return {
        "wrong": Expected(np.array(0.0), 0.0),
        "dropped": Expected(np.array(_RATE), 6 * (_RATE * (1 - _RATE) / size) ** 0.5),
    }


def _arrays(x: Array, y: Array) -> Arrays:
    right = (y == 0) | (np.abs(y - x / (1 - _RATE)) <= 1e-6 * np.abs(x))
    return {"wrong": np.array(float((~right).sum())), "dropped": np.array((y == 0).mean())}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    def build() -> Variant:
        x, y, steps = aligned_copy(data["x"]), empty(case.spec["shape"]), count()

        def run() -> Any:
            return ops.dropout(x, _RATE, seed=1, step=next(steps), out=y)

        return Variant(run, partial(_arrays, x), [y], stateful=True)

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        x, rng = data["x"].copy(), np.random.default_rng(1)

        def run() -> Array:
            return np.where(rng.random(x.shape, np.float32) < _RATE, 0, x / (1 - _RATE))

        return Variant(run, partial(_arrays, x), stateful=True)

    return {"plain": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch
    from torch.nn import functional

    from bench.peers.torch_tensors import tensor

    def build(native: bool) -> Variant:
        x = tensor(data["x"])
        # What autograd calls, which keeps the mask for the backward pass; or the plain function.
        function: Any = torch.native_dropout if native else functional.dropout

        def arrays(result: Any) -> Arrays:
            return _arrays(x.numpy(), (result[0] if native else result).numpy())

        return Variant(partial(function, x, _RATE, True), arrays, stateful=True)

    return {"native": partial(build, True), "functional": partial(build, False)}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
