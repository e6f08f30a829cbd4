"""Pooling of 32 images of 112x112x64, and of LeNet's first map: bound by memory.

A forward pass for training also writes where the maximum was; as in the peers' figures, only the
images are counted in its bytes.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty, normal

IMAGES = {"": (32, 112, 112, 64), "lenet_": (128, 28, 28, 6)}


def _case(kind: str, size: int, padding: int, one: str, images: str = "") -> Case:
    N, H, W, C = IMAGES[images]
    P = (H + 2 * padding - size) // 2 + 1
    small, large = N * P * P * C, math.prod(IMAGES[images])
    return Case(
        op="pool2d",
        name=f"{images}{kind}{size}s2/{one}",
        spec={
            "kind": kind,
            "size": size,
            "padding": padding,
            "pass": one,
            "x": [N, H, W, C],
            "y": [N, P, P, C],
        },
        bytes=4.0 * (small + large),
        bound="bytes",
        quick=kind == "max" and size == 2,
        rotate=True,
        data=f"{images}{P}",
    )


CASES = [
    *(_case("max", 2, 0, one, "lenet_") for one in ("fwd", "bwd")),
    *(_case("max", 2, 0, one) for one in ("fwd", "bwd")),
    *(_case("max", 3, 1, one) for one in ("fwd", "bwd")),
    *(_case("average", 2, 0, one) for one in ("fwd", "bwd")),
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {"x": normal(rng, *case.spec["x"]), "dy": normal(rng, *case.spec["y"])}


def _pad(x: Array, padding: int) -> Array:
    pads = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    return np.pad(x, pads, constant_values=-np.inf) if padding else x


def _windows(case: Case, x: Array) -> Array:
    """(N,H,W,C) -> (N,P,P,C, size*size); padding is -inf. Average pooling has none here."""
    size = case.spec["size"]
    padded = _pad(x, case.spec["padding"])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
    windows = windows[:, ::2, ::2]
    return windows.reshape(*windows.shape[:4], size * size)


def _backward(case: Case, dy: Array, x: Array) -> Array:
    """Sends each dy to its window's winner, or in equal parts to all of it."""
    size, padding = case.spec["size"], case.spec["padding"]
    N, H, W, C = x.shape
    P = dy.shape[1]
    winner = _windows(case, x).argmax(-1)
    dx = np.zeros((N, H + 2 * padding + 1, W + 2 * padding + 1, C))
    for r in range(size):
        for s in range(size):
            average = case.spec["kind"] == "average"
            part = 1 / size**2 if average else winner == r * size + s
            dx[:, r : r + 2 * P : 2, s : s + 2 * P : 2] += dy * part
    return dx[:, padding : padding + H, padding : padding + W]


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    some = np.unique([0, len(data["x"]) - 1])
    x, dy = data["x"][some].astype(np.float64), data["dy"][some].astype(np.float64)
    bound = 4e-6  # sums of up to nine values
    if case.spec["pass"] == "bwd":
        return {"dx": Expected(_backward(case, dy, x), bound, some)}
    windows = _windows(case, x)
    y = windows.max(-1) if case.spec["kind"] == "max" else windows.mean(-1)
    return {"y": Expected(y, bound, some)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    s = case.spec
    how: dict[str, Any] = {"pool_size": s["size"], "strides": 2, "padding": s["padding"]}

    def max_forward() -> Variant:
        x, y, argmax = aligned_copy(data["x"]), empty(s["y"]), empty(s["y"], np.int32)
        run = partial(ops.max_pool2d, x, **how, out=(y, argmax))
        return Variant(run, lambda result: {"y": result[0]}, [y, argmax])

    def max_backward() -> Variant:
        _, argmax = ops.max_pool2d(data["x"], **how)
        dy, dx = aligned_copy(data["dy"]), empty(s["x"])
        run = partial(ops.max_pool2d_backward, dy, argmax, s["x"], **how, out=dx)
        return Variant(run, lambda dx: {"dx": dx}, [dx])

    def average_forward() -> Variant:
        x, y = aligned_copy(data["x"]), empty(s["y"])
        return Variant(partial(ops.average_pool2d, x, **how, out=y), lambda y: {"y": y}, [y])

    def average_backward() -> Variant:
        dy, dx = aligned_copy(data["dy"]), empty(s["x"])
        run = partial(ops.average_pool2d_backward, dy, s["x"], **how, out=dx)
        return Variant(run, lambda dx: {"dx": dx}, [dx])

    builders = {
        ("max", "fwd"): max_forward,
        ("max", "bwd"): max_backward,
        ("average", "fwd"): average_forward,
        ("average", "bwd"): average_backward,
    }
    return {"out": builders[s["kind"], s["pass"]]}


def _torch(case: Case, data: Arrays) -> Variants:
    from bench.peers.torch_tensors import LAYOUTS

    return {layout: partial(_torch_plain, case, data, layout) for layout in LAYOUTS}


def _torch_plain(case: Case, data: Arrays, layout: str) -> Variant:
    import torch

    from bench.peers.torch_tensors import images, images_back

    s = case.spec
    aten = torch.ops.aten
    x, dy = images(data["x"], layout), images(data["dy"], layout)
    window = ([s["size"]] * 2, [2, 2], [s["padding"]] * 2)
    if s["kind"] == "max":
        y, where = aten.max_pool2d_with_indices(x, *window)
        if s["pass"] == "fwd":
            run = partial(aten.max_pool2d_with_indices.out, x, *window, out=y, indices=where)
            return Variant(run, lambda result: {"y": images_back(result[0])}, [y, where])
        dx = torch.empty_like(x)
        op = aten.max_pool2d_with_indices_backward.grad_input
        run = partial(op, dy, x, *window, [1, 1], False, where, grad_input=dx)
    else:
        y = aten.avg_pool2d(x, *window)
        if s["pass"] == "fwd":
            run = partial(aten.avg_pool2d.out, x, *window, out=y)
            return Variant(run, lambda y: {"y": images_back(y)}, [y])
        dx = torch.empty_like(x)
        op = aten.avg_pool2d_backward.grad_input
        run = partial(op, dy, x, *window, False, True, None, grad_input=dx)
    return Variant(run, lambda dx: {"dx": images_back(dx)}, [dx])


def _jax(case: Case, data: Arrays) -> Variants:
    """Forward only: the gradient of a window that selects is many times slower than PyTorch's."""
    import jax
    import jax.numpy as jnp

    s = case.spec
    one, two = (1, s["size"], s["size"], 1), (1, 2, 2, 1)
    pads = ((0, 0), (s["padding"],) * 2, (s["padding"],) * 2, (0, 0))

    def pool(x: Any) -> Any:
        if s["kind"] == "max":
            return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, one, two, pads)
        return jax.lax.reduce_window(x, 0.0, jax.lax.add, one, two, pads) / s["size"] ** 2

    def build() -> Variant:
        x, jitted = jnp.array(data["x"]), jax.jit(pool)
        return Variant(lambda: jax.block_until_ready(jitted(x)), lambda y: {"y": np.asarray(y)})

    return {"jit": build} if s["pass"] == "fwd" else {}


PEERS = {"brasa": _brasa, "torch": _torch, "jax": _jax}
