"""Images times one number for each channel, as squeeze and excitation has them: bound by memory."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants, sum_bound
from bench.data import aligned_copy, empty, normal

_SHAPE = (16, 56, 56, 256)
_GATES = (16, 1, 1, 256)

CASES = [
    Case(
        op="broadcast",
        name=f"{kind}_16x256x56x56",
        spec={"kind": kind, "shape": list(_SHAPE), "gates": list(_GATES)},
        bytes=8.0 * math.prod(_SHAPE),
        bound="bytes",
        rotate=True,
        data="16x256x56x56",
    )
    for kind in ("multiply", "less", "backward")
]


def inputs(_: Case, rng: np.random.Generator) -> Arrays:
    return {"x": normal(rng, *_SHAPE), "dy": normal(rng, *_SHAPE), "gates": normal(rng, *_GATES)}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    """One rounding of a value below 64; or sums over the pixels."""
    some = np.s_[::5]
    x, dy, gates = (data[name][some].astype(np.float64) for name in ("x", "dy", "gates"))
    if case.spec["kind"] == "multiply":
        return {"y": Expected(x * gates, 4e-6, some)}
    if case.spec["kind"] == "less":
        return {"y": Expected((x < gates).astype(np.float64), 0.0, some)}
    pixels = _SHAPE[1] * _SHAPE[2]
    sums = (dy * x).sum((1, 2), keepdims=True)
    return {"y": Expected(sums, sum_bound(pixels, pixels**0.5), some)}


def _operands(case: Case, data: Arrays) -> tuple[Array, Array]:
    names = ("dy", "x") if case.spec["kind"] == "backward" else ("x", "gates")
    return aligned_copy(data[names[0]]), aligned_copy(data[names[1]])


def _result(case: Case) -> Array:
    return empty(_GATES if case.spec["kind"] == "backward" else _SHAPE)


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops
    from brasa.ops import dispatch

    def build() -> Variant:
        (a, b), y = _operands(case, data), _result(case)
        if case.spec["kind"] == "multiply":
            run = partial(ops.multiply, a, b, out=y)
        elif case.spec["kind"] == "less":  # the mask that plans have
            run = partial(dispatch.run, "less", [a, b], None, y)
        else:
            run = partial(ops.broadcast_backward, a, _GATES, b, out=y)
        return Variant(run, lambda _: {"y": y}, [y])

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        (a, b), y = _operands(case, data), _result(case)
        if case.spec["kind"] == "multiply":
            run = partial(np.multiply, a, b, out=y)
        elif case.spec["kind"] == "less":
            run = partial(np.less, a, b, out=y, casting="unsafe")
        else:
            run = partial(np.einsum, "nhwc,nhwc->nc", a, b, out=y[:, 0, 0])
        return Variant(run, lambda _: {"y": y}, [y])

    return {"out": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    def build() -> Variant:
        a, b = (tensor(x) for x in _operands(case, data))
        y = tensor(_result(case))

        # What its autograd does: the product, and then the sum.
        def sum_products() -> Any:
            return torch.sum(a * b, (1, 2), keepdim=True, out=y)

        product = partial(torch.mul, a, b, out=y)
        less = partial(torch.lt, a, b, out=y)
        run = {"multiply": product, "less": less, "backward": sum_products}[case.spec["kind"]]
        return Variant(run, lambda y: {"y": back(y)}, [y])

    return {"out": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
