"""Convolution: forward, data gradient, weight gradient, on the layers of well-known networks.

Those in bf16 take float32 here and bf16 at PyTorch, which has its operands converted before.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench import numpy_nn
from bench.case import Array, Arrays, Case, Expected, Variant, Variants, product_bound
from bench.data import empty, normal
from bench.ops.conv2d_layers import LAYERS, Layer

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
