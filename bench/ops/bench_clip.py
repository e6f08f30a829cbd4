"""Gradients clipped in place, by value and by norm, as they are before an optimizer step."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, normal

COUNTS = {"char_rnn_100k": 100_000, "opt_5M": 5_000_000}
LIMIT = 0.5

CASES = [
    Case(
        op="clip",
        name=f"{name}/{kind}",
        spec={"count": count, "kind": kind},
        bytes=4.0 * count * (3 if kind == "norm" else 2),  # the norm reads everything first
        bound="bytes",
        quick=name == "char_rnn_100k" and kind == "norm",
        data=name,
    )
    for name, count in COUNTS.items()
    for kind in ("norm", "value")
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {"x": normal(rng, case.spec["count"])}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    x = data["x"].astype(np.float64)
    if case.spec["kind"] == "value":
        return {"y": Expected(np.clip(x, -LIMIT, LIMIT), 0.0)}
    y = x * (LIMIT / np.linalg.norm(x))
    # Peers sum five million squares in float32: PyTorch's norm is off by 1e-4.
    return {"y": Expected(y, 3e-4 * float(np.abs(y).max()))}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    clip = ops.clip_norm if case.spec["kind"] == "norm" else ops.clip_value

    def build() -> Variant:
        x = aligned_copy(data["x"])
        y = np.empty_like(x)
        return Variant(lambda: clip(x, LIMIT, out=y), lambda y: {"y": y}, [y])

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        x = aligned_copy(data["x"])
        y = np.empty_like(x)

        def norm() -> Any:
            return np.multiply(x, LIMIT / max(np.linalg.norm(x), LIMIT), out=y)

        def value() -> Any:
            return np.clip(x, -LIMIT, LIMIT, out=y)

        return Variant(norm if case.spec["kind"] == "norm" else value, lambda y: {"y": y}, [y])

    return {"plain": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    def build() -> Variant:
        x = tensor(data["x"])
        y = torch.empty_like(x)

        def norm() -> Any:
            # As torch.nn.utils.clip_grad_norm_ does it: the factor stays on the device.
            factor = torch.clamp(LIMIT / torch.linalg.vector_norm(x), max=1.0)
            return torch.mul(x, factor, out=y)

        def value() -> Any:
            return torch.clamp(x, -LIMIT, LIMIT, out=y)

        return Variant(
            norm if case.spec["kind"] == "norm" else value, lambda y: {"y": back(y)}, [y]
        )

    return {"plain": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
