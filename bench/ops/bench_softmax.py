"""Softmax and its logarithm over the last axis, forward and backward."""

from __future__ import annotations

from functools import partial

import numpy as np

from bench import numpy_nn
from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty, normal

SHAPES = {"4096x1000": (4096, 1000), "65536x10": (65536, 10)}
# A few ulp of values up to 1, gradients of a few units included; of logarithms down to -15.
_BOUNDS = {"softmax": 4e-6, "log_softmax": 1e-5}

CASES = [
    Case(
        op="softmax",
        name=f"{kind.removesuffix('softmax')}{shape}/{one}",
        spec={"kind": kind, "shape": list(extents), "pass": one},
        bytes=4.0 * (2 if one == "fwd" else 3) * extents[0] * extents[1],
        bound="bytes",
        quick=kind == "softmax" and shape == "4096x1000" and one == "fwd",
        rotate=True,
        data=shape,
    )
    for kind in _BOUNDS
    for shape, extents in SHAPES.items()
    for one in ("fwd", "bwd")
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {name: normal(rng, *case.spec["shape"]) for name in ("x", "dy")}


def _plain(kind: str, x: Array) -> Array:
    if kind == "softmax":
        return numpy_nn.softmax(x)
    z = x - x.max(-1, keepdims=True)
    y: Array = z - np.log(np.exp(z).sum(-1, keepdims=True))
    return y


def _plain_dx(kind: str, dy: Array, y: Array) -> Array:
    if kind == "softmax":
        dx: Array = y * (dy - (dy * y).sum(-1, keepdims=True))
    else:
        dx = dy - np.exp(y) * dy.sum(-1, keepdims=True)
    return dx


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    some, kind = np.s_[::7], case.spec["kind"]
    x, dy = data["x"][some].astype(np.float64), data["dy"][some].astype(np.float64)
    y = _plain(kind, x)
    if case.spec["pass"] == "fwd":
        return {"y": Expected(y, _BOUNDS[kind], some)}
    return {"dx": Expected(_plain_dx(kind, dy, y), _BOUNDS[kind], some)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    kind = case.spec["kind"]

    def forward() -> Variant:
        x, y = aligned_copy(data["x"]), empty(data["x"].shape)
        return Variant(partial(getattr(ops, kind), x, out=y), lambda y: {"y": y}, [y])

    def backward() -> Variant:
        dy, y = aligned_copy(data["dy"]), aligned_copy(_plain(kind, data["x"]))
        dx = empty(dy.shape)
        run = partial(getattr(ops, f"{kind}_backward"), dy, y, out=dx)
        return Variant(run, lambda dx: {"dx": dx}, [dx])

    return {"out": forward if case.spec["pass"] == "fwd" else backward}


def _numpy(case: Case, data: Arrays) -> Variants:
    kind = case.spec["kind"]

    def forward() -> Variant:
        return Variant(partial(_plain, kind, data["x"].copy()), lambda y: {"y": y})

    def backward() -> Variant:
        y, dy = _plain(kind, data["x"]), data["dy"].copy()
        return Variant(partial(_plain_dx, kind, dy, y), lambda dx: {"dx": dx})

    return {"plain": forward if case.spec["pass"] == "fwd" else backward}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    kind, aten = case.spec["kind"], torch.ops.aten

    def forward() -> Variant:
        x = tensor(data["x"])
        y = torch.empty_like(x)
        run = partial(getattr(aten, f"_{kind}").out, x, -1, False, out=y)
        return Variant(run, lambda y: {"y": back(y)}, [y])

    def backward() -> Variant:
        dy, y = tensor(data["dy"]), getattr(torch, kind)(tensor(data["x"]), -1)
        dx = torch.empty_like(dy)
        op = getattr(aten, f"_{kind}_backward_data").out
        into = {"grad_input" if kind == "softmax" else "out": dx}
        run = partial(op, dy, y, -1, torch.float32, **into)
        return Variant(run, lambda dx: {"dx": back(dx)}, [dx])

    return {"out": forward if case.spec["pass"] == "fwd" else backward}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
