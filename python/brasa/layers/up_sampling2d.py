"""Larger images."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import check_data_format, fixed, image_channels, positive_pair
from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor


class UpSampling2D(Layer):
    """Each pixel as a block of equal ones: ``y[n, i, j] = x[n, i // size, j // size]``.

    Shapes:
        x (N, H, W, C), y (N, H * size, W * size, C)

    Args:
        size: A whole number, or one for height and width. Default 2.
        data_format: "channels_last".
        interpolation: "nearest".
        **options: name, trainable, input_shape.

    Raises:
        ValueError: size is below 1, or x is no image. TypeError: size is no whole number.

    >>> from brasa import layers
    >>> layers.UpSampling2D((1, 2))([[[[1.0], [2.0]]]]).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    def __init__(
        self,
        size: int | tuple[int, int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_data_format("UpSampling2D", data_format)
        self.size = positive_pair("UpSampling2D", "size", size)
        self.interpolation = fixed("UpSampling2D", "interpolation", interpolation, "nearest")

    def build(self, input_shape: Any) -> None:
        image_channels(input_shape)

    def call(self, x: Tensor) -> Tensor:
        # Copies beside each other in memory: first of each pixel, then of each row of pixels.
        rows, columns = self.size
        n, h, w, c = x.shape
        wide = ops.concatenate([x] * columns)
        tall = ops.concatenate([ops.reshape(wide, (n, h, w * columns * c))] * rows)
        return ops.reshape(tall, (n, h * rows, w * columns, c))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "size": list(self.size),
            "interpolation": self.interpolation,
        }
