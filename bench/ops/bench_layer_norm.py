"""Layer normalization, forward and backward, on rows of features and on sequences."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants, out_and_new
from bench.data import aligned_copy, empty, normal

SHAPES = {"4096x256": (4096, 256), "2048x1024": (2048, 1024), "128x50x64": (128, 50, 64)}
_EPSILON = 1e-3
_BOUND = 2e-5  # some ulp of values up to 20

CASES = [
    Case(
        op="layer_norm",
        name=f"{shape}/{one}",
        spec={"shape": list(extents), "pass": one},
        bytes=4.0 * float(np.prod(extents)) * (2 if one == "fwd" else 3),
        bound="bytes",
        quick=shape == "4096x256",
        rotate=True,
        data=shape,
    )
    for shape, extents in SHAPES.items()
    for one in ("fwd", "bwd")
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    shape = case.spec["shape"]
    return {
        **{name: normal(rng, *shape) for name in ("x", "dy")},
        **{name: normal(rng, shape[-1]) for name in ("gamma", "beta")},
    }


def _forward(x: Array, gamma: Array, beta: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((centred * centred).mean(-1, keepdims=True) + x.dtype.type(_EPSILON))
    y: Array = centred / deviation * gamma + beta
    return y


def _backward(dy: Array, x: Array, gamma: Array) -> tuple[Array, Array, Array]:
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((centred * centred).mean(-1, keepdims=True) + x.dtype.type(_EPSILON))
    h, g = centred / deviation, dy * gamma
    dx = (g - g.mean(-1, keepdims=True) - h * (g * h).mean(-1, keepdims=True)) / deviation
    batch = tuple(range(x.ndim - 1))
    return dx, (dy * h).sum(batch), dy.sum(batch)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    some = np.s_[::11]
    x, dy = data["x"][some].astype(np.float64), data["dy"][some].astype(np.float64)
    if case.spec["pass"] == "fwd":
        return {"y": Expected(_forward(x, data["gamma"], data["beta"]), _BOUND, some)}
    return {"dx": Expected(_backward(dy, x, data["gamma"])[0], _BOUND, some)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    shape, row = data["x"].shape, data["gamma"].shape

    def forward(given: bool) -> Variant:
        x, y = aligned_copy(data["x"]), empty(shape) if given else None
        run = partial(ops.layer_norm, x, data["gamma"], data["beta"], _EPSILON, out=y)
        return Variant(run, lambda y: {"y": y}, [y] if given else ())

    def backward(given: bool) -> Variant:
        dy, x = aligned_copy(data["dy"]), aligned_copy(data["x"])
        out = (empty(shape), empty(row), empty(row)) if given else None
        run = partial(ops.layer_norm_backward, dy, x, data["gamma"], _EPSILON, out=out)
        return Variant(run, lambda results: {"dx": results[0]}, out or ())

    return out_and_new(forward if case.spec["pass"] == "fwd" else backward)


def _numpy(case: Case, data: Arrays) -> Variants:
    def forward() -> Variant:
        run = partial(_forward, data["x"].copy(), data["gamma"], data["beta"])
        return Variant(run, lambda y: {"y": y})

    def backward() -> Variant:
        run = partial(_backward, data["dy"].copy(), data["x"].copy(), data["gamma"])
        return Variant(run, lambda results: {"dx": results[0]})

    return {"plain": forward if case.spec["pass"] == "fwd" else backward}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    gamma, beta = tensor(data["gamma"]), tensor(data["beta"])
    row = list(gamma.shape)

    def forward() -> Variant:
        run = partial(torch.nn.functional.layer_norm, tensor(data["x"]), row, gamma, beta, _EPSILON)
        return Variant(run, lambda y: {"y": back(y)})

    def backward() -> Variant:
        x, dy = tensor(data["x"]), tensor(data["dy"])
        _, mean, scale = torch.native_layer_norm(x, row, gamma, beta, _EPSILON)

        def run() -> Any:
            wanted = [True, True, True]
            saved = (mean, scale, gamma, beta)
            return torch.ops.aten.native_layer_norm_backward(dy, x, row, *saved, wanted)[0]

        return Variant(run, lambda dx: {"dx": back(dx)})

    return {"plain": forward if case.spec["pass"] == "fwd" else backward}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
