"""Convolution: forward, data gradient, weight gradient, on the layers of well-known networks.

Those in bf16 take float32 here and bf16 at PyTorch, which has its operands converted before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np

from bench import numpy_nn
from bench.case import Array, Arrays, Bound, Case, Expected, Variant, Variants, product_bound
from bench.data import empty, normal


@dataclass(frozen=True)
class Layer:
    """x (N,H,H,C), w (R,R,C/groups,K), y (N,P,P,K)"""

    name: str
    N: int
    H: int
    C: int
    K: int
    R: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1
    passes: str = "fdw"  # forward, data, weight; a first layer needs no data gradient
    quick: bool = False

    @property
    def P(self) -> int:
        return (self.H + 2 * self.padding - (self.R - 1) * self.dilation - 1) // self.stride + 1

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {
            "x": (self.N, self.H, self.H, self.C),
            "w": (self.R, self.R, self.C // self.groups, self.K),
            "b": (self.K,),
            "dy": (self.N, self.P, self.P, self.K),
        }

    @property
    def flops(self) -> float:
        return 2.0 * self.N * self.P**2 * self.K * self.R**2 * self.C / self.groups

    @property
    def bytes(self) -> float:
        return 4.0 * sum(prod(self.shapes[name]) for name in ("x", "w", "dy"))

    @property
    def bound(self) -> Bound:
        """Filters that see one channel take fewer products than a byte takes time."""
        return "bytes" if self.groups == self.C > 1 else "flops"

    @property
    def how(self) -> tuple[int, int, int]:
        return self.stride, self.padding, self.dilation

    def parts(self) -> Iterator[tuple[slice, slice]]:
        """The channels and the filters of each group."""
        for g in range(self.groups):
            yield tuple(
                slice(g * n // self.groups, (g + 1) * n // self.groups) for n in (self.C, self.K)
            )


LAYERS = [
    Layer("lenet1", 128, 32, 1, 6, 5, passes="fw", quick=True),
    Layer("lenet2", 128, 14, 6, 16, 5, quick=True),
    Layer("r64_56", 32, 56, 64, 64, 3, padding=1, quick=True),
    Layer("r128_28", 32, 28, 128, 128, 3, padding=1),
    Layer("r256_14", 32, 14, 256, 256, 3, padding=1),
    Layer("r512_7", 32, 7, 512, 512, 3, padding=1),
    Layer("vgg64_224", 16, 224, 64, 64, 3, padding=1),
    Layer("pw256_56_64", 32, 56, 256, 64, 1),
    Layer("pw1024_14_256", 32, 14, 1024, 256, 1),
    Layer("s2_64_56_128", 32, 56, 64, 128, 3, stride=2, padding=1),
    Layer("pw2_256_56_512", 32, 56, 256, 512, 1, stride=2),
    Layer("d2_128_28", 32, 28, 128, 128, 3, padding=2, dilation=2),
    Layer("dw64_56", 32, 56, 64, 64, 3, padding=1, groups=64),
    Layer("dw512_14", 32, 14, 512, 512, 3, padding=1, groups=512),
    Layer("dw2_128_56", 32, 56, 128, 128, 3, stride=2, padding=1, groups=128),
    Layer("dw7_96_28", 32, 28, 96, 96, 7, padding=3, groups=96),
    Layer("g32_128_56", 8, 56, 128, 128, 3, padding=1, groups=32),
    Layer("g32_256_28", 8, 28, 256, 256, 3, padding=1, groups=32),
    Layer("g32_512_14", 8, 14, 512, 512, 3, padding=1, groups=32),
    Layer("g32_1024_7", 8, 7, 1024, 1024, 3, padding=1, groups=32),
    Layer("g32s2_256_56", 8, 56, 256, 256, 3, stride=2, padding=1, groups=32),
    Layer("stem7", 32, 224, 3, 64, 7, stride=2, padding=3, passes="fw"),
    Layer("alexnet1", 32, 224, 3, 96, 11, stride=4, padding=2, passes="fw"),
]
_WITH_NUMPY = ("lenet1", "lenet2", "r64_56")  # on the others, a lecturer's version takes seconds
_BY_NAME = {layer.name: layer for layer in LAYERS}
_PASSES = {"f": "fwd", "d": "bwd_data", "w": "bwd_weight"}

CASES = [
    Case(
        op="conv2d",
        name=f"{layer.name}/{_PASSES[one]}",
        spec={"layer": layer.name, "pass": _PASSES[one]},
        flops=layer.flops,
        bytes=layer.bytes if layer.bound == "bytes" else 0.0,
        bound=layer.bound,
        quick=layer.quick,
        data=layer.name,
    )
    for layer in LAYERS
    for one in layer.passes
] + [
    Case(
        op="conv2d",
        name=f"{name}/{one}/{precision}",
        spec={"layer": name, "pass": one, "precision": precision},
        flops=_BY_NAME[name].flops,
        data=name,
    )
    for precision in ("bf16", "bf16x3")
    for name in ("r64_56", "r128_28", "r256_14", "r512_7", "s2_64_56_128")
    for one in _PASSES.values()
]


def _layer(case: Case) -> Layer:
    return _BY_NAME[case.spec["layer"]]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {name: normal(rng, *shape) for name, shape in _layer(case).shapes.items()}


# ---- what the result must be, computed in float64 where a part of it shows every error --------


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    layer = _layer(case)
    some_images = np.unique([0, layer.N - 1])
    x, w, b, dy = (data[name] for name in ("x", "w", "b", "dy"))
    products = layer.R**2 * layer.C // layer.groups
    if case.spec["pass"] == "fwd":
        parts = [
            numpy_nn.conv2d(
                _double(x[some_images][..., c]), _double(w[..., k]), _double(b[k]), *layer.how
            )
            for c, k in layer.parts()
        ]
        bound = product_bound(case, products, products**0.5)
        return {"y": Expected(np.concatenate(parts, -1), bound, some_images)}
    if case.spec["pass"] == "bwd_data":
        length = layer.R**2 * layer.K // layer.groups
        shape = (len(some_images), *x.shape[1:3], layer.C // layer.groups)
        parts = [
            numpy_nn.conv2d_backward_data(
                _double(dy[some_images][..., k]), _double(w[..., k]), shape, *layer.how
            )
            for _, k in layer.parts()
        ]
        bound = product_bound(case, length, length**0.5)
        return {"dx": Expected(np.concatenate(parts, -1), bound, some_images)}
    length = layer.N * layer.P**2
    some_filters = np.unique([0, layer.K - 1])
    dw = np.zeros((*w.shape[:3], len(some_filters)))
    for i, k in enumerate(some_filters):
        channels = next(c for c, filters in layer.parts() if filters.start <= k < filters.stop)
        for n in range(layer.N):  # one image at a time: its columns fit the memory
            some_dy = _double(dy[n : n + 1, :, :, k, None])
            some_x = _double(x[n : n + 1, ..., channels])
            shape = (*w.shape[:3], 1)
            dw[..., i] += numpy_nn.conv2d_backward_weight(some_dy, some_x, shape, *layer.how)[
                ..., 0
            ]
    bound = product_bound(case, length, length**0.5)
    return {"dw": Expected(dw, bound, (..., some_filters))}


def _double(x: Array) -> Array:
    return x.astype(np.float64)


# ---- brasa --------------------------------------------------------------------------------


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    layer = _layer(case)
    shapes = layer.shapes
    how: dict[str, Any] = {
        "strides": layer.stride,
        "padding": layer.padding,
        "dilation_rate": layer.dilation,
        "groups": layer.groups,
        "precision": case.spec.get("precision", "float32"),
    }

    def forward() -> Variant:
        y = empty(shapes["dy"])
        run = partial(ops.conv2d, data["x"], data["w"], data["b"], **how, out=y)
        return Variant(run, lambda y: {"y": y}, [y])

    def backward_data() -> Variant:
        dx = empty(shapes["x"])
        run = partial(ops.conv2d_backward_data, data["dy"], data["w"], shapes["x"], **how, out=dx)
        return Variant(run, lambda dx: {"dx": dx}, [dx])

    def backward_weight() -> Variant:
        dw = empty(shapes["w"])
        run = partial(ops.conv2d_backward_weight, data["dy"], data["x"], shapes["w"], **how, out=dw)
        return Variant(run, lambda dw: {"dw": dw}, [dw])

    builders = {"fwd": forward, "bwd_data": backward_data, "bwd_weight": backward_weight}
    return {"out": builders[case.spec["pass"]]}


# ---- NumPy --------------------------------------------------------------------------------


def _numpy(case: Case, data: Arrays) -> Variants:
    layer = _layer(case)
    if layer.name not in _WITH_NUMPY or "precision" in case.spec:
        return {}
    x, w, b, dy = (data[name] for name in ("x", "w", "b", "dy"))
    runs = {
        "fwd": ("y", partial(numpy_nn.conv2d, x, w, b, *layer.how)),
        "bwd_data": ("dx", partial(numpy_nn.conv2d_backward_data, dy, w, x.shape, *layer.how)),
        "bwd_weight": ("dw", partial(numpy_nn.conv2d_backward_weight, dy, x, w.shape, *layer.how)),
    }
    name, run = runs[case.spec["pass"]]
    return {"im2col": lambda: Variant(run, lambda result: {name: result})}


# ---- PyTorch ------------------------------------------------------------------------------


def _torch(case: Case, data: Arrays) -> Variants:
    from bench.peers.torch_tensors import LAYOUTS

    variants: Variants = {layout: partial(_torch_plain, case, data, layout) for layout in LAYOUTS}
    if case.spec["pass"] == "fwd" and "precision" not in case.spec:
        variants["prepacked"] = partial(_torch_prepacked, case, data)
    return variants


def _torch_plain(case: Case, data: Arrays, layout: str) -> Variant:
    import torch

    from bench.peers.torch_tensors import (
        dtype_of,
        filters,
        filters_back,
        images,
        images_back,
        tensor,
    )

    layer = _layer(case)
    dtype = dtype_of(case)
    w = filters(data["w"], layout).to(dtype)
    if case.spec["pass"] == "fwd":
        x = images(data["x"], layout).to(dtype)
        run = partial(torch.conv2d, x, w, tensor(data["b"]).to(dtype), *layer.how, layer.groups)
        return Variant(run, lambda y: {"y": images_back(y)})

    x, dy = images(data["x"], layout).to(dtype), images(data["dy"], layout).to(dtype)
    for_data = case.spec["pass"] == "bwd_data"
    backward = partial(
        torch.ops.aten.convolution_backward,
        *(dy, x, w, None),
        *([layer.stride] * 2, [layer.padding] * 2, [layer.dilation] * 2),
        *(False, [0, 0], layer.groups),
        [for_data, not for_data, False],
    )
    if for_data:
        return Variant(backward, lambda grads: {"dx": images_back(grads[0])})
    return Variant(backward, lambda grads: {"dw": filters_back(grads[1])})


def _torch_prepacked(case: Case, data: Arrays) -> Variant:
    """Weights laid out for oneDNN once, as a frozen model has them."""
    import torch

    from bench.peers.torch_tensors import filters, images, images_back, tensor

    layer = _layer(case)
    x, b = images(data["x"], "channels_last"), tensor(data["b"])
    how = ([layer.padding] * 2, [layer.stride] * 2, [layer.dilation] * 2, layer.groups)
    w = torch.ops.mkldnn._reorder_convolution_weight(
        filters(data["w"], "contiguous"), *how, list(x.shape)
    )
    run = partial(torch.ops.mkldnn._convolution_pointwise, x, w, b, *how, "none", [], "")
    return Variant(run, lambda y: {"y": images_back(y)})


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
