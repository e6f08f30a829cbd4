"""The penalty of large weights: one read of them, whose slope joins the optimizer's step."""

from __future__ import annotations

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.data import normal

COUNTS = {"lenet_62k": 61_706, "opt_25M": 25_000_000}
FACTORS = {"l1": (1e-4, 0.0), "l2": (0.0, 1e-4), "l1_l2": (1e-4, 1e-4)}

CASES = [
    Case(
        op="penalty",
        name=f"{name}/{kind}",
        spec={"count": count, "kind": kind},
        bytes=4.0 * count,
        bound="bytes",
        quick=name == "lenet_62k" and kind == "l2",
        data=name,
    )
    for name, count in COUNTS.items()
    for kind in FACTORS
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {"x": normal(rng, case.spec["count"])}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    x, (l1, l2) = data["x"].astype(np.float64), FACTORS[case.spec["kind"]]
    value = np.asarray(l1 * np.abs(x).sum() + l2 * (x * x).sum())
    return {"value": Expected(value, 3e-4 * float(value))}  # peers sum in float32


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    x, (l1, l2) = data["x"], FACTORS[case.spec["kind"]]

    def build() -> Variant:
        return Variant(lambda: ops.penalty(x, l1, l2), lambda y: {"value": np.asarray(y)})

    return {"plain": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    x, (l1, l2) = data["x"], FACTORS[case.spec["kind"]]

    def value() -> float:
        sizes = l1 * float(np.abs(x).sum()) if l1 else 0.0
        return sizes + (l2 * float(x @ x) if l2 else 0.0)

    return {"plain": lambda: Variant(value, lambda y: {"value": np.asarray(y)})}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import tensor

    l1, l2 = FACTORS[case.spec["kind"]]

    def build() -> Variant:
        x = tensor(data["x"])

        def value() -> torch.Tensor:
            sizes = l1 * torch.linalg.vector_norm(x, 1) if l1 else torch.zeros(())
            return sizes + (l2 * torch.dot(x, x) if l2 else 0.0)

        return Variant(value, lambda y: {"value": y.numpy()})

    return {"plain": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
