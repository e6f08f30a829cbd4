"""Pooling over the whole image."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import check_data_format, flag, image_channels
from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor


class _GlobalPooling2D(Layer):
    """What both poolings share: one window, as large as the image."""

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        check_data_format(type(self).__name__, data_format)
        self.keepdims = flag(type(self).__name__, "keepdims", keepdims)

    def build(self, input_shape: Any) -> None:
        image_channels(input_shape)

    def call(self, x: Tensor) -> Tensor:
        y = self._pool(x, (int(x.shape[1]), int(x.shape[2])))
        return y if self.keepdims else ops.reshape(y, (x.shape[0], x.shape[3]))

    def _pool(self, x: Tensor, window: tuple[int, int]) -> Tensor:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "keepdims": self.keepdims}


class GlobalAveragePooling2D(_GlobalPooling2D):
    """The mean of each channel of an image.

    Shapes:
        x (N, H, W, C), y (N, C), or (N, 1, 1, C) with keepdims

    Args:
        data_format: Only "channels_last", which is also what None means.
        keepdims: Keep height and width, both 1. Default False.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    Source: Lin, Chen and Yan, Network In Network, 2013.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.GlobalAveragePooling2D()(np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1))
    array([[1.5]], dtype=float32)
    """

    def _pool(self, x: Tensor, window: tuple[int, int]) -> Tensor:
        return ops.average_pool2d(x, window)


class GlobalMaxPooling2D(_GlobalPooling2D):
    """The largest value of each channel of an image. NaN wins.

    Shapes:
        x (N, H, W, C), y (N, C), or (N, 1, 1, C) with keepdims

    Args:
        data_format: Only "channels_last", which is also what None means.
        keepdims: Keep height and width, both 1. Default False.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.GlobalMaxPooling2D()(np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1))
    array([[3.]], dtype=float32)
    """

    def _pool(self, x: Tensor, window: tuple[int, int]) -> Tensor:
        return ops.max_pool2d(x, window)[0]
