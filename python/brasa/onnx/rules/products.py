"""Matrix products, and normalizations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brasa.onnx.rules.elementwise import finish
from brasa.onnx.rules.shapes import target_shape
from brasa.onnx.traces import Extent, Step, Tensor, fixed
from brasa.onnx.writer import Array, Writer, channels_first


def matmul(w: Writer, step: Step) -> None:
    """Products of matrices, with a bias or without: Gemm where there are but two of them."""
    a, b, bias = step.inputs
    assert a is not None
    assert b is not None
    flips = [bool(step.get(name, 0)) for name in ("transpose_a", "transpose_b")]
    if a.ndim == b.ndim == 2:
        values = [w.last(a), w.last(b), *([w.last(bias)] if bias else [])]
        y = w.node("Gemm", values, transA=int(flips[0]), transB=int(flips[1]))
    else:
        pairs = zip((a, b), flips, strict=True)
        y = w.node("MatMul", [_flipped(w, t) if flip else w.last(t) for t, flip in pairs])
        y = w.node("Add", [y, w.last(bias)]) if bias else y
    finish(w, step, y)


def _flipped(w: Writer, tensor: Tensor) -> str:
    axes = [*range(tensor.ndim - 2), tensor.ndim - 1, tensor.ndim - 2]
    if tensor in w.arrays:
        return w.constant(w.arrays[tensor].transpose(axes))
    return w.node("Transpose", [w.last(tensor)], perm=axes)


def batch_norm(w: Writer, step: Step) -> None:
    """By given statistics: BatchNormalization where channels come second, else a line."""
    x = step.inputs[0]
    assert x is not None
    mean, variance = (w.array(step, at, what) for at, what in ((3, "mean"), (4, "variance")))
    gamma = np.ones_like(mean) if step.inputs[1] is None else w.array(step, 1, "gamma")
    beta = np.zeros_like(mean) if step.inputs[2] is None else w.array(step, 2, "beta")
    epsilon = step.get("epsilon", 1e-3)
    if x.ndim == 2 or w.is_first(x):
        values = map(w.constant, (gamma, beta, mean, variance))
        y = w.node("BatchNormalization", [w.native(x), *values], epsilon=float(epsilon))
    else:
        factor = gamma / np.sqrt(variance.astype(np.float64) + epsilon)
        offset = beta - mean * factor
        y = w.node("Mul", [w.last(x), w.constant(factor.astype(np.float32))])
        y = w.node("Add", [y, w.constant(offset.astype(np.float32))])
    finish(w, step, y, w.is_first(x))


def layer_norm(w: Writer, step: Step) -> None:
    """Over the last axes."""
    x, gamma, beta = step.inputs
    assert x is not None
    axes = step.get("axes", 1)
    scale = w.last(gamma) if gamma else _ones(w, x.shape[-axes:])
    values = [w.last(x), scale, *([w.last(beta)] if beta else [])]
    options = {"axis": -axes, "epsilon": float(step.get("epsilon", 1e-3))}
    w.give(step.outputs[0], w.node("LayerNormalization", values, **options))


def _ones(w: Writer, shape: Sequence[Extent]) -> str:
    extents = [fixed(extent) for extent in shape]
    if None in extents:
        raise ValueError("the normalized axes must have fixed extents")
    return w.constant(np.ones([extent or 0 for extent in extents], np.float32))


def group_norm(w: Writer, step: Step) -> None:
    """Each group of channels of an image by itself: as one channel of InstanceNormalization."""
    x, gamma, beta = step.inputs
    assert x is not None
    groups = step.get("groups", 1)
    rows = w.node("Reshape", [w.first(x), w.whole_numbers([0, groups, -1])])
    ones = [w.constant(np.full(groups, value, np.float32)) for value in (1, 0)]
    options = {"epsilon": float(step.get("epsilon", 1e-3))}
    y = w.node("InstanceNormalization", [rows, *ones], **options)
    y = w.node("Reshape", [y, target_shape(w, x.shape[:1], channels_first(x.shape))])
    for at, operator, tensor in ((1, "Mul", gamma), (2, "Add", beta)):
        if tensor is not None:
            columns = _columns(w.array(step, at, ("gamma", "beta")[at - 1]), x.ndim)
            y = w.node(operator, [y, w.constant(columns)])
    w.give(step.outputs[0], y, first=True)


def _columns(values: Array, rank: int) -> Array:
    """One number for each channel, beside a tensor whose channels come first."""
    return values.reshape(-1, *(1,) * (rank - 2))


RULES = {
    "batch_norm": batch_norm,
    "group_norm": group_norm,
    "layer_norm": layer_norm,
    "matmul": matmul,
}
