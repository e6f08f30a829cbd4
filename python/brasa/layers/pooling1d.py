"""Max and average pooling along time."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import check_sequence_format, lowered, one_of, sequence_channels, single
from brasa.layers.base import Layer
from brasa.layers.one_row import as_row, from_row
from brasa.ops.dispatch import Tensor


class _Pooling1D(Layer):
    """What both poolings share: a window that moves along time."""

    def __init__(
        self,
        pool_size: int | tuple[int] = 2,
        strides: int | tuple[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        check_sequence_format(owner, data_format)
        self.pool_size = single(owner, "pool_size", pool_size)
        self.strides = self.pool_size if strides is None else single(owner, "strides", strides)
        self.padding = one_of(owner, "padding", lowered(padding), ("valid", "same"))

    def build(self, input_shape: Any) -> None:
        sequence_channels(input_shape)

    def call(self, x: Tensor) -> Tensor:
        return from_row(self._pool(as_row(x), ((1, *self.pool_size), (1, *self.strides))))

    def _pool(self, x: Tensor, window: tuple[tuple[int, int], tuple[int, int]]) -> Tensor:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": list(self.pool_size),
            "strides": list(self.strides),
            "padding": self.padding,
        }


class MaxPooling1D(_Pooling1D):
    """The largest value of each window of steps, for each channel. NaN wins.

    Shapes:
        x (N, T, C), y (N, P, C)

    Args:
        pool_size: Length of the window. Default 2.
        strides: Steps of the window. Default: its length.
        padding: "valid" or "same". Default "valid".
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    >>> from brasa import layers
    >>> layers.MaxPooling1D()([[[1.0], [4.0], [2.0], [3.0]]]).ravel()
    array([4., 3.], dtype=float32)
    """

    def _pool(self, x: Tensor, window: tuple[tuple[int, int], tuple[int, int]]) -> Tensor:
        return ops.max_pool2d(x, *window, self.padding)[0]


class AveragePooling1D(_Pooling1D):
    """The mean of each window of steps, for each channel; padding is not counted.

    Shapes:
        x (N, T, C), y (N, P, C)

    Args:
        pool_size: Length of the window. Default 2.
        strides: Steps of the window. Default: its length.
        padding: "valid" or "same". Default "valid".
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    >>> from brasa import layers
    >>> layers.AveragePooling1D()([[[1.0], [4.0], [2.0], [3.0]]]).ravel()
    array([2.5, 2.5], dtype=float32)
    """

    def _pool(self, x: Tensor, window: tuple[tuple[int, int], tuple[int, int]]) -> Tensor:
        return ops.average_pool2d(x, *window, self.padding)
