"""Two-dimensional convolution. Contract: csrc/ops/conv2d.h."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.ops.activation_attributes import activation_attributes
from brasa.ops.arguments import (
    Padding,
    extents,
    padding_of,
    pair,
    precision_attributes,
    whole,
)
from brasa.ops.dispatch import Out, Tensor, floats, optional_floats, run
from brasa.ops.matmul import bias_gradient

Pair = int | tuple[int, int]


def _attributes(
    op: str,
    strides: Any,
    padding: Any,
    dilation_rate: Any,
    groups: Any,
    precision: Any = "float32",
) -> dict[str, Any]:
    return {
        "strides": pair(op, "strides", strides),
        "dilation_rate": pair(op, "dilation_rate", dilation_rate),
        "padding": padding_of(op, padding),
        "groups": whole(op, "groups", groups),
        **precision_attributes(op, precision),
    }


def conv2d(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    strides: Pair = 1,
    padding: Padding = "valid",
    dilation_rate: Pair = 1,
    groups: int = 1,
    activation: str | None = None,
    *,
    precision: str = "float32",
    out: Out = None,
) -> Tensor:
    """Cross-correlation of images with filters, plus bias, then activation.

    ``y[n,p,q,k] = act(b[k] + sum_rsc x[n, p*sh + r*dh - top, q*sw + s*dw - left, c] w[r,s,c,k])``

    Shapes:
        x (N, H, W, C), w (R, S, C / groups, K), b (K,) or None, y (N, P, Q, K)

    ``padding`` is ``"valid"``, ``"same"`` (Keras's rule: ``P = ceil(H / stride)``, the odd pixel at
    the bottom and right), an int, ``(ph, pw)`` or ``((top, bottom), (left, right))``.
    ``precision`` is one of ``runtime.precisions()``, as for ``matmul``; with groups it is float32.
    ValueError for shapes and ranges, TypeError for dtypes, MemoryError when the result cannot fit.

    >>> import numpy as np
    >>> from brasa import ops
    >>> x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    >>> ops.conv2d(x, np.ones((2, 2, 1, 1), np.float32)).reshape(2, 2)
    array([[ 8., 12.],
           [20., 24.]], dtype=float32)
    """
    attributes = _attributes("conv2d", strides, padding, dilation_rate, groups, precision)
    attributes |= activation_attributes("conv2d", activation)
    operands = [
        floats("conv2d", "x", x),
        floats("conv2d", "w", w),
        optional_floats("conv2d", "b", b),
    ]
    return run("conv2d", operands, attributes, out)[0]


def conv2d_backward_data(
    dy: Tensor,
    w: Tensor,
    x_shape: Sequence[int],
    strides: Pair = 1,
    padding: Padding = "valid",
    dilation_rate: Pair = 1,
    groups: int = 1,
    *,
    precision: str = "float32",
    out: Out = None,
) -> Tensor:
    """The gradient of ``conv2d`` by its image: dx (N, H, W, C) from dy (N, P, Q, K).

    ``dx[n,h,w,c] = sum dy[n,p,q,k] w[r,s,c,k]`` over k and all (p, q, r, s) that read the pixel.

    Shapes:
        dy (N, P, Q, K), w (R, S, C / groups, K), dx (N, H, W, C) = ``x_shape``

    >>> import numpy as np
    >>> from brasa import ops
    >>> dy = np.array([1, 2], np.float32).reshape(1, 1, 2, 1)
    >>> w = np.array([1, 10], np.float32).reshape(1, 2, 1, 1)
    >>> ops.conv2d_backward_data(dy, w, (1, 1, 3, 1)).ravel()
    array([ 1., 12., 20.], dtype=float32)
    """
    op = "conv2d_backward_data"
    attributes = _attributes(op, strides, padding, dilation_rate, groups, precision)
    attributes["x_shape"] = extents(op, "x_shape", x_shape)
    return run(op, [floats(op, "dy", dy), floats(op, "w", w)], attributes, out)[0]


def conv2d_backward_weight(
    dy: Tensor,
    x: Tensor,
    w_shape: Sequence[int],
    strides: Pair = 1,
    padding: Padding = "valid",
    dilation_rate: Pair = 1,
    groups: int = 1,
    *,
    precision: str = "float32",
    out: Out = None,
) -> Tensor:
    """The gradient of ``conv2d`` by its filters: dw (R, S, C / groups, K).

    ``dw[r,s,c,k] = sum x[n,h,w,c] dy[n,p,q,k]`` over n, p and q, at the pixel that the tap reads.

    Shapes:
        dy (N, P, Q, K), x (N, H, W, C), dw (R, S, C / groups, K) = ``w_shape``

    >>> import numpy as np
    >>> from brasa import ops
    >>> dy = np.array([1, 2], np.float32).reshape(1, 1, 2, 1)
    >>> x = np.array([1, 10, 100], np.float32).reshape(1, 1, 3, 1)
    >>> ops.conv2d_backward_weight(dy, x, (1, 2, 1, 1)).ravel()
    array([ 21., 210.], dtype=float32)
    """
    op = "conv2d_backward_weight"
    attributes = _attributes(op, strides, padding, dilation_rate, groups, precision)
    attributes["w_shape"] = extents(op, "w_shape", w_shape)
    return run(op, [floats(op, "dy", dy), floats(op, "x", x)], attributes, out)[0]


def conv2d_backward(
    dy: Tensor,
    x: Tensor,
    w: Tensor,
    strides: Pair = 1,
    padding: Padding = "valid",
    dilation_rate: Pair = 1,
    groups: int = 1,
    *,
    precision: str = "float32",
) -> tuple[Tensor, Tensor, Tensor]:
    """All gradients of ``conv2d``: ``dx, dw, db`` for the upstream gradient ``dy``.

    Shapes:
        dy (N, P, Q, K), x and dx (N, H, W, C), w and dw (R, S, C / groups, K), db (K,)

    >>> import numpy as np
    >>> from brasa import ops
    >>> x, w = np.ones((1, 3, 3, 1), np.float32), np.ones((2, 2, 1, 1), np.float32)
    >>> dx, dw, db = ops.conv2d_backward(ops.conv2d(x, w), x, w)
    >>> float(db[0]), dw.reshape(4)
    (16.0, array([16., 16., 16., 16.], dtype=float32))
    """
    op = "conv2d_backward"
    dy, x, w = floats(op, "dy", dy), floats(op, "x", x), floats(op, "w", w)
    window = (strides, padding, dilation_rate, groups)
    dx = conv2d_backward_data(dy, w, x.shape, *window, precision=precision)
    dw = conv2d_backward_weight(dy, x, w.shape, *window, precision=precision)
    return dx, dw, bias_gradient(dy)
