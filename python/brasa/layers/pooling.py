"""Max and average pooling."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import check_data_format, image_channels, lowered, positive_pair
from brasa.layers.base import Layer
from brasa.ops.arguments import padding_of
from brasa.ops.dispatch import Tensor


class _Pooling2D(Layer):
    """What both poolings share: a window that moves over the image."""

    def __init__(
        self,
        pool_size: int | tuple[int, int] = (2, 2),
        strides: int | tuple[int, int] | None = None,
        padding: Any = "valid",
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        check_data_format(owner, data_format)
        padding = lowered(padding)
        padding_of(owner, padding)
        self.pool_size = positive_pair(owner, "pool_size", pool_size)
        self.strides = (
            self.pool_size if strides is None else positive_pair(owner, "strides", strides)
        )
        self.padding = padding

    def build(self, input_shape: Any) -> None:
        image_channels(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": list(self.pool_size),
            "strides": list(self.strides),
            "padding": self.padding,
        }


class MaxPooling2D(_Pooling2D):
    """The largest value of each window, for each channel. NaN wins.

    Shapes:
        x (N, H, W, C), y (N, P, Q, C)

    Args:
        pool_size: Height and width of the window, or one number for both. Default (2, 2).
        strides: Steps of the window. Default: its size.
        padding: "valid", "same", or what :func:`brasa.ops.max_pool2d` takes. Default "valid".
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.MaxPooling2D()(np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)).item()
    3.0
    """

    def call(self, x: Tensor) -> Tensor:
        y, _ = ops.max_pool2d(x, self.pool_size, self.strides, self.padding)
        return y


class AveragePooling2D(_Pooling2D):
    """The mean of each window, for each channel; padding is not counted.

    Shapes:
        x (N, H, W, C), y (N, P, Q, C)

    Args:
        pool_size: Height and width of the window, or one number for both. Default (2, 2).
        strides: Steps of the window. Default: its size.
        padding: "valid", "same", or what :func:`brasa.ops.average_pool2d` takes. Default "valid".
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.AveragePooling2D()(np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)).item()
    1.5
    """

    def call(self, x: Tensor) -> Tensor:
        return ops.average_pool2d(x, self.pool_size, self.strides, self.padding)
