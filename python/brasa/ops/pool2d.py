"""Max and average pooling. Contract: csrc/ops/pool2d.h."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from brasa.arrays import to_array
from brasa.ops.arguments import Padding, extents, padding_of, pair
from brasa.ops.dispatch import Out, Tensor, floats, is_symbolic, numbers, run

Pair = int | tuple[int, int]


def _attributes(op: str, pool_size: Any, strides: Any, padding: Any) -> dict[str, Any]:
    window = pair(op, "pool_size", pool_size)
    steps = window if strides is None else pair(op, "strides", strides)
    return {"pool_size": window, "strides": steps, "padding": padding_of(op, padding)}


def max_pool2d(
    x: Tensor,
    pool_size: Pair = 2,
    strides: Pair | None = None,
    padding: Padding = "valid",
    *,
    out: Out = None,
) -> tuple[Tensor, Tensor]:
    """The largest value of each window, and where it was: ``y, argmax``.

    ``argmax`` is ``h * W + w`` of the winner (int32). Ties go to the first in row order, NaN wins,
    padding never does. ``strides`` defaults to ``pool_size``.

    Shapes:
        x (N, H, W, C), y and argmax (N, P, Q, C)

    >>> import numpy as np
    >>> from brasa import ops
    >>> x = np.array([[1, 3], [2, 0]], np.float32).reshape(1, 2, 2, 1)
    >>> y, argmax = ops.max_pool2d(x)
    >>> y.item(), argmax.item()
    (3.0, 1)
    """
    attributes = _attributes("max_pool2d", pool_size, strides, padding)
    y, argmax = run("max_pool2d", [floats("max_pool2d", "x", x)], attributes, out)
    return y, argmax


def max_pool2d_backward(
    dy: Tensor,
    argmax: Tensor,
    x_shape: Sequence[int],
    pool_size: Pair = 2,
    strides: Pair | None = None,
    padding: Padding = "valid",
    *,
    out: Out = None,
) -> Tensor:
    """The gradient of ``max_pool2d``: each ``dy`` goes to the pixel that won.

    Shapes:
        dy and argmax (N, P, Q, C), dx (N, H, W, C) = ``x_shape``

    >>> import numpy as np
    >>> from brasa import ops
    >>> x = np.array([1, 3, 7, 2], np.float32).reshape(1, 2, 2, 1)
    >>> y, argmax = ops.max_pool2d(x)
    >>> ops.max_pool2d_backward(np.full_like(y, 5), argmax, x.shape).ravel()
    array([0., 0., 5., 0.], dtype=float32)
    """
    op = "max_pool2d_backward"
    attributes = _attributes(op, pool_size, strides, padding)
    attributes["x_shape"] = extents(op, "x_shape", x_shape)
    if not is_symbolic(dy, argmax):
        shape = attributes["x_shape"]
        argmax = numbers(op, "argmax", argmax, lambda a: _positions(op, a, shape))
    return run(op, [floats(op, "dy", dy), argmax], attributes, out)[0]


def _positions(op: str, argmax: Any, x_shape: Sequence[int]) -> np.ndarray[Any, np.dtype[Any]]:
    array = to_array(op, "argmax", argmax)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{op}: argmax must be whole numbers, got {array.dtype}")
    pixels = x_shape[1] * x_shape[2]
    if array.size and (array.min() < 0 or array.max() >= pixels):
        raise IndexError(
            f"{op}: argmax must lie in [0, {pixels}), the pixels of x_shape {tuple(x_shape)}; "
            f"got values from {array.min()} to {array.max()}"
        )
    return np.require(array, np.int32, ["C", "A"])


def average_pool2d(
    x: Tensor,
    pool_size: Pair = 2,
    strides: Pair | None = None,
    padding: Padding = "valid",
    *,
    out: Out = None,
) -> Tensor:
    """The mean of each window; padding is not counted, as in Keras.

    Shapes:
        x (N, H, W, C), y (N, P, Q, C)

    >>> import numpy as np
    >>> from brasa import ops
    >>> ops.average_pool2d(np.ones((1, 3, 3, 1), np.float32), 2, 1, "same").sum().item()
    9.0
    """
    attributes = _attributes("average_pool2d", pool_size, strides, padding)
    return run("average_pool2d", [floats("average_pool2d", "x", x)], attributes, out)[0]


def average_pool2d_backward(
    dy: Tensor,
    x_shape: Sequence[int],
    pool_size: Pair = 2,
    strides: Pair | None = None,
    padding: Padding = "valid",
    *,
    out: Out = None,
) -> Tensor:
    """The gradient of ``average_pool2d``: each ``dy`` is shared by the pixels of its window.

    Shapes:
        dy (N, P, Q, C), dx (N, H, W, C) = ``x_shape``

    >>> import numpy as np
    >>> from brasa import ops
    >>> dy = np.array([4, 8], np.float32).reshape(1, 1, 2, 1)
    >>> ops.average_pool2d_backward(dy, (1, 2, 4, 1)).reshape(2, 4)
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]], dtype=float32)
    """
    op = "average_pool2d_backward"
    attributes = _attributes(op, pool_size, strides, padding)
    attributes["x_shape"] = extents(op, "x_shape", x_shape)
    return run(op, [floats(op, "dy", dy)], attributes, out)[0]
