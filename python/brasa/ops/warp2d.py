"""Images turned, scaled and brought to another size. Contract: csrc/ops/warp2d.h."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.ops.arguments import extents, fill_attributes, number, pair
from brasa.ops.dispatch import Out, Tensor, floats, run
from brasa.ops.random_numbers import random_node, random_state

Bounds = float | Sequence[float]

_DRAWN = ("angle", "height", "width")


def warp2d(
    x: Tensor,
    size: int | Sequence[int] | None = None,
    angle: Bounds = 0.0,
    height: Bounds = 1.0,
    width: Bounds | None = 1.0,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    *,
    seed: int = 0,
    step: int = 0,
    node: int = 0,
    out: Out = None,
) -> Tensor:
    """Images brought to a size, turned and scaled about their middle, each as it draws.

    ``y[n, p, q] = x[n, h, w]`` at a place between pixels::

        u = (p - (P - 1) / 2) * (H / P) * height    h = (H - 1) / 2 + cos(a) u + sin(a) v
        v = (q - (Q - 1) / 2) * (W / Q) * width     w = (W - 1) / 2 - sin(a) u + cos(a) v

    with ``a = 2 pi angle``. So ``size`` alone resizes, as pixels with an extent have it (the
    middles of the first ones do not meet, the edges do); an angle above 0 turns what is seen
    counter-clockwise; a height or width above 1 makes it smaller. What is drawn depends on (seed,
    step, node, image) alone: no state, the same on every device.

    Shapes:
        x (N, H, W, C), y (N, P, Q, C) with (P, Q) = ``size``, in pixels

    Args:
        x: The images.
        size: Height and width of the result; one number for both. None: those of x.
        angle: As a share of a full turn: one for all images, or (low, high), between which each
            image draws its own.
        height: How many times as much of the height is seen, above 0; likewise.
        width: Likewise; None: what an image draws as its height.
        interpolation: "bilinear": between the four pixels around a place; "nearest": the pixel
            there, in the middle between two the one behind.
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
    >>> x = [[[[1.0], [2.0]], [[3.0], [4.0]]]]
    >>> ops.warp2d(x, (1, 4), fill_mode="nearest").ravel()
    array([2.  , 2.25, 2.75, 3.  ], dtype=float32)
    >>> ops.warp2d(x, angle=0.25)[0, ..., 0].tolist()
    [[2.0, 4.0], [1.0, 3.0]]
    """
    op = "warp2d"
    attributes = warp_attributes(op, angle, height, width, interpolation, fill_mode, fill_value)
    attributes["node"] = random_node(op, node)
    if size is not None:
        attributes["size"] = pair(op, "size", size)
    return run(op, [floats(op, "x", x), _state(op, attributes, seed, step)], attributes, out)[0]


def warp2d_backward(
    dy: Tensor,
    x_shape: Sequence[int],
    angle: Bounds = 0.0,
    height: Bounds = 1.0,
    width: Bounds | None = 1.0,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    *,
    seed: int = 0,
    step: int = 0,
    node: int = 0,
    out: Out = None,
) -> Tensor:
    """The gradient of ``warp2d``: each ``dy`` goes to the pixels of x, by their weights in it.

    Shapes:
        dy (N, P, Q, C), dx (N, H, W, C) = ``x_shape``

    An image of one row, brought to two pixels of four: each ``dy`` is shared by the two between
    which it lies.

    ValueError for shapes, bounds and modes that ``warp2d`` does not take.

    >>> import numpy as np
    >>> from brasa import ops
    >>> dy = np.array([2, 8], np.float32).reshape(1, 1, 2, 1)
    >>> ops.warp2d_backward(dy, (1, 1, 4, 1)).ravel()
    array([1., 1., 4., 4.], dtype=float32)
    """
    op = "warp2d_backward"
    dy, shape = floats(op, "dy", dy), extents(op, "x_shape", x_shape)
    if len(dy.shape) != 4:
        raise ValueError(f"{op}: dy must have rank 4 (N, P, Q, C), got {tuple(dy.shape)}")
    attributes = warp_attributes(op, angle, height, width, interpolation, fill_mode)
    attributes |= {"node": random_node(op, node), "x_shape": shape}
    attributes["size"] = [int(extent) for extent in dy.shape[1:3]]
    return run(op, [dy, _state(op, attributes, seed, step)], attributes, out)[0]


def warp_attributes(
    op: str,
    angle: Bounds,
    height: Bounds,
    width: Bounds | None,
    interpolation: str,
    fill_mode: str,
    fill_value: float = 0.0,
) -> dict[str, Any]:
    """The transform as the registry takes it, all but its size and its numbers."""
    if not isinstance(interpolation, str):
        raise TypeError(f"{op}: interpolation must be a word, got {interpolation!r}")
    attributes: dict[str, Any] = {"interpolation": interpolation, "one_zoom": int(width is None)}
    given = angle, height, 1.0 if width is None else width
    for name, value in zip(_DRAWN, given, strict=True):
        attributes[f"{name}_low"], attributes[f"{name}_high"] = _bounds(op, name, value)
    return attributes | fill_attributes(op, fill_mode, fill_value)


def _state(op: str, attributes: dict[str, Any], seed: int, step: int) -> Any:
    """None where there is nothing to draw: what plans of predictions take, too."""
    state = random_state(op, seed, step)
    draws = any(attributes[f"{n}_low"] != attributes[f"{n}_high"] for n in _DRAWN)
    return state if draws else None


def _bounds(op: str, name: str, value: Bounds) -> tuple[float, float]:
    if not isinstance(value, (tuple, list)):
        single = number(op, name, value)
        return single, single
    if len(value) != 2:
        raise ValueError(f"{op}: {name} must be a number or (low, high), got {value!r}")
    low, high = (number(op, name, entry) for entry in value)
    return low, high
