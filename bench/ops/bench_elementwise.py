"""Sums, products and scaling of whole tensors: bound by memory."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants, sum_bound
from bench.data import aligned_copy, empty, normal

SHAPES = {"65536x10": (65536, 10), "32x64x56x56": (32, 56, 56, 64)}
_OPERANDS = {"add": 2, "add_bias": 2, "multiply": 2, "scale": 1}
# Squeeze and excitation: images times one number for each channel, and the gradient of these.
GATED = (16, 56, 56, 256)
_FACTOR = 0.3

CASES = [
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
]
CASES += [
    Case(
        op="elementwise",
        name=f"{kind}_16x256x56x56",
        spec={"kind": kind, "shape": list(GATED)},
        bytes=8.0 * math.prod(GATED),
        bound="bytes",
        rotate=True,
        data="16x256x56x56",
    )
    for kind in ("gates", "gates_backward")
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {name: normal(rng, *case.spec["shape"]) for name in ("a", "b")}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    """One rounding of a value below 64."""
    some = np.s_[::5]
    a, b = (data[name][some].astype(np.float64) for name in ("a", "b"))
    if case.spec["kind"] == "gates":
        return {"y": Expected(a * b[:, :1, :1], 4e-6, some)}
    if case.spec["kind"] == "gates_backward":
        pixels = GATED[1] * GATED[2]
        sums = (a * b).sum((1, 2), keepdims=True)
        return {"y": Expected(sums, sum_bound(pixels, pixels**0.5), some)}
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


def _gates(data: Arrays) -> Array:
    """One number for each image and channel."""
    return data["b"][:, :1, :1]


def _result(case: Case) -> Array:
    n, *_, c = case.spec["shape"]
    return empty((n, 1, 1, c) if case.spec["kind"] == "gates_backward" else case.spec["shape"])


def _operands(case: Case, data: Arrays) -> list[Any]:
    if case.spec["kind"] == "add_bias":
        return [aligned_copy(data["a"]), aligned_copy(_bias(data))]
    if case.spec["kind"] == "gates":
        return [aligned_copy(data["a"]), aligned_copy(_gates(data))]
    if case.spec["kind"] == "gates_backward":
        return [aligned_copy(data["a"]), aligned_copy(data["b"])]
    return [aligned_copy(data[name]) for name in ("a", "b")[: _OPERANDS[case.spec["kind"]]]]


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    kind = case.spec["kind"]

    def build() -> Variant:
        operands, y = _operands(case, data), _result(case)
        if kind == "gates_backward":
            run = partial(ops.broadcast_backward, operands[0], y.shape, operands[1], out=y)
        elif kind == "scale":
            run = partial(ops.scale, *operands, _FACTOR, out=y)
        else:
            run = partial(ops.multiply if kind == "gates" else getattr(ops, kind), *operands, out=y)
        return Variant(run, lambda y: {"y": y}, [y])

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    kind = case.spec["kind"]

    def build() -> Variant:
        operands, y = _operands(case, data), _result(case)
        if kind == "gates_backward":
            run = partial(np.einsum, "nhwc,nhwc->nc", *operands, out=y[:, 0, 0])
            return Variant(run, lambda _: {"y": y}, [y])
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
        y = tensor(_result(case))
        if kind == "gates_backward":
            # What its autograd does: the product, and then the sum.
            def sum_products() -> Any:
                return torch.sum(operands[0] * operands[1], (1, 2), keepdim=True, out=y)

            return Variant(sum_products, lambda y: {"y": back(y)}, [y])
        more = [_FACTOR] if kind == "scale" else []
        run = partial(torch.add if "add" in kind else torch.mul, *operands, *more, out=y)
        return Variant(run, lambda y: {"y": back(y)}, [y])

    return {"out": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
