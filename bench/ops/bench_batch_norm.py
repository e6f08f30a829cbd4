"""Batch normalization in training, forward and backward, on two layers of a ResNet."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants, out_and_new
from bench.data import aligned_copy, empty, normal

SHAPES = {"r64_56": (32, 56, 56, 64), "r256_14": (32, 14, 14, 256)}
_EPSILON = 1e-3
_BOUND = 1e-4  # PyTorch errs by 3e-5 on the larger layer, whose sums run over 100,352 values

CASES = [
    Case(
        op="batch_norm",
        name=f"{shape}/{one}",
        spec={"shape": list(extents), "pass": one},
        bytes=4.0 * float(np.prod(extents)) * (2 if one == "fwd" else 3),
        bound="bytes",
        quick=shape == "r64_56",
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


def _statistics(x: Array) -> tuple[Array, Array]:
    return x.mean((0, 1, 2), dtype=np.float64), x.var((0, 1, 2), dtype=np.float64)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    some = np.s_[::11]
    mean, variance = _statistics(data["x"])
    scale = data["gamma"] / np.sqrt(variance + _EPSILON)
    h = (data["x"] - mean) / np.sqrt(variance + _EPSILON)
    if case.spec["pass"] == "fwd":
        return {"y": Expected((h * data["gamma"] + data["beta"])[some], _BOUND, some)}
    dy = data["dy"].astype(np.float64)
    dx = scale * (dy - dy.mean((0, 1, 2)) - h * (dy * h).mean((0, 1, 2)))
    return {"dx": Expected(dx[some], _BOUND, some)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    shape, channels = data["x"].shape, data["x"].shape[-1:]

    def forward(given: bool) -> Variant:
        x = aligned_copy(data["x"])
        out = (empty(shape), empty(channels), empty(channels)) if given else None
        run = partial(ops.batch_norm_training, x, data["gamma"], data["beta"], _EPSILON, out=out)
        return Variant(run, lambda results: {"y": results[0]}, out or ())

    def backward(given: bool) -> Variant:
        dy, x = aligned_copy(data["dy"]), aligned_copy(data["x"])
        statistics = [value.astype(np.float32) for value in _statistics(data["x"])]
        out = (empty(shape), empty(channels), empty(channels)) if given else None
        run = partial(ops.batch_norm_backward, dy, x, data["gamma"], *statistics, _EPSILON, out=out)
        return Variant(run, lambda results: {"dx": results[0]}, out or ())

    return out_and_new(forward if case.spec["pass"] == "fwd" else backward)


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import images, images_back, tensor

    gamma, beta = tensor(data["gamma"]), tensor(data["beta"])

    def forward() -> Variant:
        x = images(data["x"], "channels_last")

        def run() -> Any:
            return torch.native_batch_norm(x, gamma, beta, None, None, True, 0.1, _EPSILON)[0]

        return Variant(run, lambda y: {"y": images_back(y)})

    def backward() -> Variant:
        x, dy = (images(data[name], "channels_last") for name in ("x", "dy"))
        _, mean, deviation = torch.native_batch_norm(
            x, gamma, beta, None, None, True, 0.1, _EPSILON
        )
        backward = torch.ops.aten.native_batch_norm_backward

        def run() -> Any:
            wanted = [True, True, True]
            saved = (None, None, mean, deviation)
            return backward(dy, x, gamma, *saved, True, _EPSILON, wanted)[0]

        return Variant(run, lambda dx: {"dx": images_back(dx)})

    return {"channels_last": forward if case.spec["pass"] == "fwd" else backward}


PEERS = {"brasa": _brasa, "torch": _torch}
