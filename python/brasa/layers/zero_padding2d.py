"""Zeros around images."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import check_data_format, image_channels
from brasa.layers.base import Layer
from brasa.ops.arguments import pair, whole
from brasa.ops.dispatch import Tensor

Margins = tuple[tuple[int, int], tuple[int, int]]


class ZeroPadding2D(Layer):
    """Zeros around each image: above and below, left and right.

    Shapes:
        x (N, H, W, C), y (N, top + H + bottom, left + W + right, C)

    Args:
        padding: One number for all sides, two for (height, width), or
            ((top, bottom), (left, right)). Default 1.
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: a number is below 0, or x is no image. TypeError: it is no whole number.

    >>> from brasa import layers
    >>> layers.ZeroPadding2D(((0, 0), (1, 2)))([[[[5.0]]]]).ravel()
    array([0., 5., 0., 0.], dtype=float32)
    """

    def __init__(
        self,
        padding: int | tuple[int, int] | Margins = (1, 1),
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_data_format("ZeroPadding2D", data_format)
        self.padding = _margins(padding)

    def build(self, input_shape: Any) -> None:
        image_channels(input_shape)

    def call(self, x: Tensor) -> Tensor:
        for axis, (before, after) in enumerate(self.padding, 1):
            if before or after:
                x = ops.pad(x, axis, before, after)
        return x

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": [list(margin) for margin in self.padding]}


def _margins(padding: Any) -> Margins:
    sides = padding if isinstance(padding, (tuple, list)) else (padding, padding)
    if len(sides) != 2:
        raise ValueError(
            "ZeroPadding2D: padding must be a whole number, (height, width) or "
            f"((top, bottom), (left, right)), got {padding!r}"
        )
    (top, bottom), (left, right) = (pair("ZeroPadding2D", "padding", side) for side in sides)
    margins = (top, bottom), (left, right)
    for value in (*margins[0], *margins[1]):
        if whole("ZeroPadding2D", "padding", value) < 0:
            raise ValueError(f"ZeroPadding2D: padding must be >= 0, got {padding!r}")
    return margins
