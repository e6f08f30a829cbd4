"""Transposed convolution: the gradient of ``conv2d`` as a layer's forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.ops.activation_attributes import activation_attributes
from brasa.ops.arguments import Padding, padding_of, pair, precision_attributes
from brasa.ops.conv2d import Pair
from brasa.ops.dispatch import Out, Tensor, floats, optional_floats, run


def conv2d_transpose(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    strides: Pair = 1,
    padding: Padding = "valid",
    output_padding: Pair | Sequence[int] | None = None,
    dilation_rate: Pair = 1,
    activation: str | None = None,
    *,
    precision: str = "float32",
    out: Out = None,
) -> Tensor:
    """Each pixel spread over a window of a larger image, plus bias, then activation.

    ``y[n,p,q,k] = act(b[k] + sum x[n,h,w,c] w[r,s,k,c])`` over c and all (h, w, r, s) with
    ``p = h*sh + r*dh - top`` and ``q = w*sw + s*dw - left``: what ``conv2d`` with the same window
    does to its gradient.

    Shapes:
        x (N, H, W, C), w (R, S, K, C), b (K,) or None, y (N, P, Q, K)

    With ``E = (R - 1)*dh + 1`` and Keras's rule, ``P`` is ``(H - 1)*sh + max(E, sh)`` for
    ``"valid"``, ``H*sh`` for ``"same"``; an ``output_padding`` below the stride makes it
    ``(H - 1)*sh + E + output_padding`` and ``(H - 1)*sh + E % 2 + output_padding``. ``"same"``
    cuts the odd pixel off at the bottom and right. Pads in numbers, as ``conv2d`` takes them, are
    cut off: ``(H - 1)*sh + E - top - bottom + output_padding``, PyTorch's rule.
    ``precision`` is that of ``conv2d``.
    ValueError for shapes and ranges, TypeError for dtypes, MemoryError when the result cannot fit.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016.

    >>> import numpy as np
    >>> from brasa import ops
    >>> x = np.array([[1, 2]], np.float32).reshape(1, 1, 2, 1)
    >>> ops.conv2d_transpose(x, np.ones((1, 3, 1, 1), np.float32), strides=(1, 2)).ravel()
    array([1., 1., 3., 2., 2.], dtype=float32)
    """
    op = "conv2d_transpose"
    x, w, b = floats(op, "x", x), floats(op, "w", w), optional_floats(op, "b", b)
    final = activation_attributes(op, activation)
    steps = _positive(op, "strides", strides)
    dilation = _positive(op, "dilation_rate", dilation_rate)
    more = None if output_padding is None else pair(op, "output_padding", output_padding)
    pads = padding_of(op, padding)
    _check_shapes(op, x, w, b)
    sizes, cuts = [], []
    for axis in range(2):
        reach = (w.shape[axis] - 1) * dilation[axis] + 1
        sides = pads if isinstance(pads, str) else (pads[2 * axis], pads[2 * axis + 1])
        extra = None if more is None else more[axis]
        size, cut = output_of(op, int(x.shape[1 + axis]), reach, steps[axis], sides, extra)
        sizes.append(size)
        cuts += cut
    attributes = {
        "strides": steps,
        "dilation_rate": dilation,
        "padding": cuts,
        "x_shape": [int(x.shape[0]), *sizes, int(w.shape[2])],
        **precision_attributes(op, precision),
    }
    last = b is None and not final
    y = run("conv2d_backward_data", [x, w], attributes, out if last else None, caller=op)[0]
    if last:
        return y
    if b is None:
        return run("activation", [y], final, out, caller=op)[0]
    return run("add_bias", [y, b], final, out, caller=op)[0]


def output_of(
    op: str, size: int, reach: int, stride: int, padding: Any, more: int | None
) -> tuple[int, list[int]]:
    """One axis: the extent of the output, and what ``conv2d`` pads to come from it to the input."""
    if more is not None and not 0 <= more < stride:
        raise ValueError(
            f"{op}: output_padding must be >= 0 and below the stride {stride}, got {more}"
        )
    whole = (size - 1) * stride + reach
    if not isinstance(padding, str):
        output = whole - sum(padding) + (more or 0)
        cut = list(padding)
    else:
        if padding == "valid":
            output = whole + (max(stride - reach, 0) if more is None else more)
        else:
            output = size * stride if more is None else whole - reach + reach % 2 + more
        total = whole - output  # below 0 where the output goes on behind the last window
        before = max(total // 2, 0)
        cut = [before, max(total - before, 0)]
    if output < 1:
        raise ValueError(
            f"{op}: nothing is left of {whole} pixels: padding {cut} cuts them off. "
            "Use a larger kernel or output_padding."
        )
    return output, cut


def _positive(op: str, name: str, value: Any) -> list[int]:
    steps = pair(op, name, value)
    for axis, step in enumerate(steps):
        if step < 1:
            raise ValueError(f"{op}: {name} must be >= 1, got {step} (axis {axis})")
    return steps


def _check_shapes(op: str, x: Tensor, w: Tensor, b: Tensor | None) -> None:
    image, filters = tuple(x.shape), tuple(w.shape)
    for name, shape, letters in (("x", image, "(N, H, W, C)"), ("w", filters, "(R, S, K, C)")):
        if len(shape) != 4:
            raise ValueError(
                f"{op}: {name} must have rank 4 {letters}, got rank {len(shape)} {shape}"
            )
    if image[1] < 1 or image[2] < 1 or filters[0] < 1 or filters[1] < 1:
        raise ValueError(
            f"{op}: image and window must have at least one pixel, got x {image}, w {filters}"
        )
    if filters[3] != image[3]:
        raise ValueError(
            f"{op}: w expects {filters[3]} input channels, x has {image[3]}: x {image} in "
            f"(N, H, W, C), w {filters} in (R, S, K, C). The filters stand before the channels."
        )
    if b is not None and tuple(b.shape) != filters[2:3]:
        raise ValueError(f"{op}: b must have the shape {filters[2:3]}, got {tuple(b.shape)}")
