"""Windows of images at random places, turned round at random. Contract: csrc/ops/crop_flip.h."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.ops.arguments import extents, fill_attributes, pair
from brasa.ops.dispatch import Out, Tensor, floats, run
from brasa.ops.random_numbers import random_node, random_state

Places = int | Sequence[int]


def crop_flip(
    x: Tensor,
    size: int | Sequence[int],
    top: Places = 0,
    left: Places = 0,
    flip: str | None = None,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    *,
    seed: int = 0,
    step: int = 0,
    node: int = 0,
    out: Out = None,
) -> Tensor:
    """A window of each image, at a place of its own, and mirrored or not: what augments images.

    ``y[n, p, q] = x[n, top + p, left + q]``, where each image draws its ``top`` and ``left``, and
    with even chances whether its rows and columns come in the opposite order. What is drawn
    depends on (seed, step, node, image) alone: no state, the same bits on every device.

    Shapes:
        x (N, H, W, C), y (N, P, Q, C) with (P, Q) = ``size``, in pixels

    Args:
        x: The images.
        size: Height and width of the window; one number for both.
        top: Its first row: one for all images, or (first, last), of which each image draws one,
            both included. It may lie outside of the image.
        left: Its first column, likewise.
        flip: None, "horizontal" (left and right change places), "vertical" or
            "horizontal_and_vertical".
        fill_mode: What stands beyond the edges of an image ``a b c d``: "constant" fill_value,
            "nearest" ``a a|a b c d|d d``, "reflect" ``b a|a b c d|d c``, "wrap"
            ``c d|a b c d|a b``.
        fill_value: For "constant".
        seed: Chooses the numbers, with ``step`` and ``node``.
        step: In [0, 2**31).
        node: In [0, 2**32).
        out: Array to write into.

    Raises:
        ValueError: x is no batch of images, or an argument is out of range.
        TypeError: an argument is of another type.

    >>> from brasa import ops
    >>> x = [[[[1.0], [2.0], [3.0]]]]
    >>> ops.crop_flip(x, (1, 2), left=1).ravel()
    array([2., 3.], dtype=float32)
    >>> ops.crop_flip(x, (1, 3), left=(-1, 1), flip="horizontal", seed=3).ravel()
    array([2., 1., 0.], dtype=float32)
    """
    op = "crop_flip"
    attributes = _attributes(op, size, top, left, flip)
    attributes |= fill_attributes(op, fill_mode, fill_value) | {"node": random_node(op, node)}
    return run(op, [floats(op, "x", x), random_state(op, seed, step)], attributes, out)[0]


def crop_flip_backward(
    dy: Tensor,
    x_shape: Sequence[int],
    top: Places = 0,
    left: Places = 0,
    flip: str | None = None,
    fill_mode: str = "constant",
    *,
    seed: int = 0,
    step: int = 0,
    node: int = 0,
    out: Out = None,
) -> Tensor:
    """The gradient of ``crop_flip``: each ``dy`` is added to the pixel of ``x`` that it showed.

    Shapes:
        dy (N, P, Q, C), dx (N, H, W, C) = ``x_shape``

    ValueError for shapes, places and modes that ``crop_flip`` does not take.

    >>> import numpy as np
    >>> from brasa import ops
    >>> dy = np.array([5, 7], np.float32).reshape(1, 1, 2, 1)
    >>> ops.crop_flip_backward(dy, (1, 1, 4, 1), left=1).ravel()
    array([0., 5., 7., 0.], dtype=float32)
    """
    op = "crop_flip_backward"
    dy, shape = floats(op, "dy", dy), extents(op, "x_shape", x_shape)
    if len(dy.shape) != 4:
        raise ValueError(f"{op}: dy must have rank 4 (N, P, Q, C), got {tuple(dy.shape)}")
    attributes = _attributes(op, [int(extent) for extent in dy.shape[1:3]], top, left, flip)
    attributes |= fill_attributes(op, fill_mode, 0.0) | {
        "node": random_node(op, node),
        "x_shape": shape,
    }
    return run(op, [dy, random_state(op, seed, step)], attributes, out)[0]


def _attributes(
    op: str, size: int | Sequence[int], top: Places, left: Places, flip: str | None
) -> dict[str, Any]:
    if not isinstance(flip, (str, type(None))):
        raise TypeError(f"{op}: flip must be None or a word, got {flip!r}")
    return {
        "size": pair(op, "size", size),
        "top": pair(op, "top", top),
        "left": pair(op, "left", left),
        "flip": "none" if flip is None else flip,
    }
