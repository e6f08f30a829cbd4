"""Softmax over the last axis, forward and backward."""

from __future__ import annotations

from functools import partial

import numpy as np

from bench import numpy_nn
from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty, normal

SHAPES = {"4096x1000": (4096, 1000), "65536x10": (65536, 10)}
_BOUND = 4e-6  # a few ulp of values up to 1, gradients of a few units included

CASES = [
    Case(
        op="softmax",
        name=f"{shape}/{one}",
        spec={"shape": list(extents), "pass": one},
        bytes=4.0 * (2 if one == "fwd" else 3) * extents[0] * extents[1],
        bound="bytes",
        quick=shape == "4096x1000" and one == "fwd",
        rotate=True,
        data=shape,
    )
    for shape, extents in SHAPES.items()
    for one in ("fwd", "bwd")
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {name: normal(rng, *case.spec["shape"]) for name in ("x", "dy")}


def _dx(dy: Array, y: Array) -> Array:
    dx: Array = y * (dy - (dy * y).sum(-1, keepdims=True))
    return dx


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    some = np.s_[::7]
    x, dy = data["x"][some].astype(np.float64), data["dy"][some].astype(np.float64)
    if case.spec["pass"] == "fwd":
        return {"y": Expected(numpy_nn.softmax(x), _BOUND, some)}
    return {"dx": Expected(_dx(dy, numpy_nn.softmax(x)), _BOUND, some)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    def forward() -> Variant:
        x, y = aligned_copy(data["x"]), empty(data["x"].shape)
        return Variant(partial(ops.softmax, x, out=y), lambda y: {"y": y}, [y])

    def backward() -> Variant:
        dy, y = aligned_copy(data["dy"]), aligned_copy(numpy_nn.softmax(data["x"]))
        dx = empty(dy.shape)
        return Variant(partial(ops.softmax_backward, dy, y, out=dx), lambda dx: {"dx": dx}, [dx])

    return {"out": forward if case.spec["pass"] == "fwd" else backward}


def _numpy(case: Case, data: Arrays) -> Variants:
    def forward() -> Variant:
        return Variant(partial(numpy_nn.softmax, data["x"].copy()), lambda y: {"y": y})

    def backward() -> Variant:
        y, dy = numpy_nn.softmax(data["x"]), data["dy"].copy()
        return Variant(partial(_dx, dy, y), lambda dx: {"dx": dx})

    return {"plain": forward if case.spec["pass"] == "fwd" else backward}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    def forward() -> Variant:
        x = tensor(data["x"])
        y = torch.empty_like(x)
        run = partial(torch.ops.aten._softmax.out, x, -1, False, out=y)
        return Variant(run, lambda y: {"y": back(y)}, [y])

    def backward() -> Variant:
        dy, y = tensor(data["dy"]), torch.softmax(tensor(data["x"]), -1)
        dx = torch.empty_like(dy)
        op = torch.ops.aten._softmax_backward_data.out
        run = partial(op, dy, y, -1, torch.float32, grad_input=dx)
        return Variant(run, lambda dx: {"dx": back(dx)}, [dx])

    return {"out": forward if case.spec["pass"] == "fwd" else backward}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
