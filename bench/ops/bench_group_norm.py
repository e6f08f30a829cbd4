"""Group normalization of images, forward and backward."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants, out_and_new
from bench.data import aligned_copy, empty, normal

SHAPES = {
    "32x56x56x64/32": (32, 56, 56, 64, 32),
    "32x56x56x64/8": (32, 56, 56, 64, 8),
    "32x14x14x256/32": (32, 14, 14, 256, 32),
}
_EPSILON = 1e-3
_BOUND = 2e-5  # some ulp of values up to 20

CASES = [
    Case(
        op="group_norm",
        name=f"{shape}/{one}",
        spec={"shape": [*extents], "groups": groups, "pass": one},
        bytes=4.0 * float(np.prod(extents)) * (2 if one == "fwd" else 3),
        bound="bytes",
        quick=shape == "32x14x14x256/32",
        rotate=True,
        data=shape.rpartition("/")[0],
    )
    for shape, (*extents, groups) in SHAPES.items()
    for one in ("fwd", "bwd")
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    shape = case.spec["shape"]
    return {
        **{name: normal(rng, *shape) for name in ("x", "dy")},
        **{name: normal(rng, shape[-1]) for name in ("gamma", "beta")},
    }


def _grouped(x: Array, groups: int) -> Array:
    return x.reshape(len(x), -1, groups, x.shape[-1] // groups)


def _mean(x: Array) -> Array:
    mean: Array = x.mean((1, 3), keepdims=True)
    return mean


def _normalized(x: Array, groups: int) -> tuple[Array, Array]:
    centred = _grouped(x, groups)
    centred = centred - _mean(centred)
    deviation: Array = np.sqrt(_mean(centred * centred) + x.dtype.type(_EPSILON))
    return centred / deviation, deviation


def _forward(x: Array, gamma: Array, beta: Array, groups: int) -> Array:
    return _normalized(x, groups)[0].reshape(x.shape) * gamma + beta


def _backward(dy: Array, x: Array, gamma: Array, groups: int) -> tuple[Array, Array, Array]:
    h, deviation = _normalized(x, groups)
    g = _grouped(dy * gamma, groups)
    dx = ((g - _mean(g) - h * _mean(g * h)) / deviation).reshape(x.shape)
    batch = tuple(range(x.ndim - 1))
    return dx, (dy * h.reshape(x.shape)).sum(batch), dy.sum(batch)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    some, groups = np.s_[::11], case.spec["groups"]
    x, dy = data["x"][some].astype(np.float64), data["dy"][some].astype(np.float64)
    if case.spec["pass"] == "fwd":
        return {"y": Expected(_forward(x, data["gamma"], data["beta"], groups), _BOUND, some)}
    return {"dx": Expected(_backward(dy, x, data["gamma"], groups)[0], _BOUND, some)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    shape, gamma, groups = data["x"].shape, data["gamma"], case.spec["groups"]

    def forward(given: bool) -> Variant:
        x, y = aligned_copy(data["x"]), empty(shape) if given else None
        run = partial(ops.group_norm, x, groups, gamma, data["beta"], _EPSILON, out=y)
        return Variant(run, lambda y: {"y": y}, [y] if given else ())

    def backward(given: bool) -> Variant:
        dy, x = aligned_copy(data["dy"]), aligned_copy(data["x"])
        out = (empty(shape), empty(gamma.shape), empty(gamma.shape)) if given else None
        run = partial(ops.group_norm_backward, dy, x, groups, gamma, _EPSILON, out=out)
        return Variant(run, lambda results: {"dx": results[0]}, out or ())

    return out_and_new(forward if case.spec["pass"] == "fwd" else backward)


def _numpy(case: Case, data: Arrays) -> Variants:
    groups = case.spec["groups"]

    def forward() -> Variant:
        run = partial(_forward, data["x"].copy(), data["gamma"], data["beta"], groups)
        return Variant(run, lambda y: {"y": y})

    def backward() -> Variant:
        run = partial(_backward, data["dy"].copy(), data["x"].copy(), data["gamma"], groups)
        return Variant(run, lambda results: {"dx": results[0]})

    return {"plain": forward if case.spec["pass"] == "fwd" else backward}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    gamma, beta, groups = tensor(data["gamma"]), tensor(data["beta"]), case.spec["groups"]

    def images(name: str) -> Any:
        """Channels-last, as the data lies: PyTorch has kernels of their own for it."""
        return tensor(data[name]).permute(0, 3, 1, 2)

    def forward() -> Variant:
        run = partial(torch.nn.functional.group_norm, images("x"), groups, gamma, beta, _EPSILON)
        return Variant(run, lambda y: {"y": back(y.permute(0, 2, 3, 1))})

    def backward() -> Variant:
        x, dy = images("x"), images("dy")
        N, C, H, W = x.shape
        _, mean, scale = torch.native_group_norm(x, gamma, beta, N, C, H * W, groups, _EPSILON)

        def run() -> Any:
            wanted = [True, True, True]
            of = (gamma, N, C, H * W, groups)
            return torch.ops.aten.native_group_norm_backward(dy, x, mean, scale, *of, wanted)[0]

        return Variant(run, lambda dx: {"dx": back(dx.permute(0, 2, 3, 1))})

    return {"plain": forward if case.spec["pass"] == "fwd" else backward}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
