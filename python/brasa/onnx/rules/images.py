"""Windows over images, and images brought to another size. Channels come first in all of these."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from brasa.onnx.patterns import REPEAT
from brasa.onnx.rules.elementwise import finish
from brasa.onnx.traces import Extent, Step, Tensor, fixed
from brasa.onnx.writer import Array, Writer, channels_first

# Of filters (R, S, C, K): ONNX has (K, C, R, S).
_FILTERS = (3, 2, 0, 1)


def conv2d(w: Writer, step: Step) -> None:
    """A convolution, whose weights are the data's in networks that make some for each sample."""
    x, kernel, bias = step.inputs
    assert x is not None
    assert kernel is not None
    window = _window(step, [extent[0] for extent in kernel.shape[:2]])
    options = {"dilations": step.get("dilation_rate", [1, 1]), "group": step.get("groups", 1)}
    values = [w.first(x), _filters(w, kernel), *([w.last(bias)] if bias else [])]
    finish(w, step, w.node("Conv", values, **window, **options), first=True)


def conv2d_transpose(w: Writer, step: Step) -> None:
    """The gradient of a convolution by its image: what layers that enlarge images compute."""
    x, kernel = step.inputs
    assert x is not None
    assert kernel is not None
    strides, dilation = step.get("strides", [1, 1]), step.get("dilation_rate", [1, 1])
    pads = step.get("padding")
    if isinstance(pads, str):
        raise ValueError("there is no rule for padding in words")
    more = []
    for axis in range(2):
        reach = (kernel.shape[axis][0] - 1) * dilation[axis] + 1
        cut = sum(pads[2 * axis : 2 * axis + 2])
        sizes = zip(step.extents("x_shape")[1 + axis], x.shape[1 + axis], strict=True)
        rest = fixed(tuple(p - (h - 1) * strides[axis] - reach + cut for p, h in sizes))
        if rest is None or rest < 0:
            raise ValueError("the extents of the result are not those of a transposed convolution")
        more.append(rest)
    options = {"strides": strides, "dilations": dilation, "pads": _pads(pads)}
    options |= {"output_padding": more, "group": step.get("groups", 1)}
    values = [w.first(x), _filters(w, kernel)]
    w.give(step.outputs[0], w.node("ConvTranspose", values, **options), first=True)


def max_pool2d(w: Writer, step: Step) -> None:
    """The largest of each window."""
    _pool(w, step, "MaxPool", {})


def average_pool2d(w: Writer, step: Step) -> None:
    """The mean of what of each window lies inside the image."""
    _pool(w, step, "AveragePool", {"count_include_pad": 0})


def warp2d(w: Writer, step: Step) -> None:
    """Images brought to another size. ONNX has nothing for those that are turned, too."""
    x, y = step.inputs[0], step.outputs[0]
    assert x is not None
    plain = all(
        step.get(f"{name}_{end}", default) == default
        for name, default in (("angle", 0.0), ("height", 1.0), ("width", 1.0))
        for end in ("low", "high")
    )
    if not plain or step.get("fill_mode", "constant") != "nearest":
        raise ValueError("there is no rule for images that are turned, or filled beyond their edge")
    options: dict[str, Any] = {"mode": "linear"}
    if step.get("interpolation", "bilinear") == "nearest":
        options = {"mode": "nearest", "nearest_mode": "round_prefer_ceil"}
    options["coordinate_transformation_mode"] = "half_pixel"
    sizes = w.extents.shape(channels_first(y.shape))
    w.give(y, w.node("Resize", [w.first(x), "", "", sizes], **options), first=True)


def repeat2d(w: Writer, step: Step) -> None:
    """Each pixel several times, below and beside itself."""
    x = step.inputs[0]
    assert x is not None
    scales = w.constant(np.array([1, 1, *step.get("size")], np.float32))
    options = {"mode": "nearest", "nearest_mode": "floor"}
    options["coordinate_transformation_mode"] = "asymmetric"
    w.give(step.outputs[0], w.node("Resize", [w.first(x), "", scales], **options), first=True)


def _pool(w: Writer, step: Step, name: str, options: dict[str, Any]) -> None:
    x = step.inputs[0]
    assert x is not None
    if step.extents("pool_size") == x.shape[1:3] and step.get("padding") == "valid":
        name, options = f"Global{name}", {}
    else:
        pool = step.get("pool_size")
        options = {**options, "kernel_shape": pool, **_window(step, pool)}
        if "auto_pad" in options and any(map(operator.lt, pool, options["strides"])):
            # ONNX Runtime pads a number of pixels below 0 there, and refuses it.
            raise ValueError(
                "there is no rule for padding 'same' of images of any extents, and a window "
                "smaller than its stride: export with input_signature=..., or give Input fixed "
                "extents"
            )
    w.give(step.outputs[0], w.node(name, [w.first(x)], **options), first=True)


def _window(step: Step, extents: list[int]) -> dict[str, Any]:
    """Strides and pads as ONNX takes them, for a window of these extents."""
    x = step.inputs[0]
    assert x is not None
    strides, padding = step.get("strides", [1, 1]), step.get("padding", "valid")
    window: dict[str, Any] = {"strides": strides}
    if padding == "valid":
        return window
    if padding != "same":
        return {**window, "pads": _pads(padding)}
    dilation = step.get("dilation_rate", [1, 1])
    sides = []
    for axis in range(2):
        reach = (extents[axis] - 1) * dilation[axis] + 1
        total = _same(x, axis, reach, strides[axis])
        if total is None:  # follows from the remainder by the stride
            return {**window, "auto_pad": "SAME_UPPER"}
        sides += [total // 2, total - total // 2]
    return {**window, "pads": _pads(sides)}


def _same(x: Tensor, axis: int, reach: int, stride: int) -> int | None:
    """How many pixels "same" pads along an axis, where that is the same for all data."""
    extent: Extent = x.shape[1 + axis]
    if fixed(extent) is None and stride > 1:
        return None
    return fixed(tuple(max((-(-h // stride) - 1) * stride + reach - h, 0) for h in extent))


def _pads(sides: list[int]) -> list[int]:
    """From top, bottom, left, right to all that come before, then all behind."""
    top, bottom, left, right = sides
    return [top, left, bottom, right]


def _filters(w: Writer, kernel: Tensor) -> str:
    if kernel not in w.arrays:
        return w.node("Transpose", [w.last(kernel)], perm=list(_FILTERS))
    array: Array = w.arrays[kernel]
    return w.once(kernel, "filters", lambda: array.transpose(_FILTERS))


RULES = {
    "average_pool2d": average_pool2d,
    "conv2d": conv2d,
    "conv2d_backward_data": conv2d_transpose,
    "max_pool2d": max_pool2d,
    REPEAT: repeat2d,
    "warp2d": warp2d,
}
