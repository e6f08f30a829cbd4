"""Pooling over a whole sequence."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import check_sequence_format, flag, sequence_channels
from brasa.layers.base import Layer
from brasa.layers.one_row import as_row
from brasa.ops.dispatch import Tensor

# exp of what is so far below the largest is 0 in float32.
_FAR = 1e4


class _GlobalPooling1D(Layer):
    """What both poolings share: one window, as long as the sequence."""

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        check_sequence_format(type(self).__name__, data_format)
        self.keepdims = flag(type(self).__name__, "keepdims", keepdims)

    def build(self, input_shape: Any) -> None:
        sequence_channels(input_shape)

    def _shaped(self, y: Tensor) -> Tensor:
        n, c = y.shape[0], y.shape[-1]
        return ops.reshape(y, (n, 1, c) if self.keepdims else (n, c))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "keepdims": self.keepdims}


class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean of each channel over the steps of a sequence: over those that its mask counts.

    Shapes:
        x (N, T, C), y (N, C), or (N, 1, C) with keepdims

    Args:
        data_format: Only "channels_last", which is also what None means.
        keepdims: Keep the time, of 1 step. Default False.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    A sequence without a step that counts gives 0.

    >>> import numpy as np
    >>> from brasa import layers
    >>> pool, x = layers.GlobalAveragePooling1D(), [[[1.0], [3.0], [8.0]]]
    >>> pool(x).item(), pool(x, mask=np.float32([[1, 1, 0]])).item()
    (4.0, 2.0)
    """

    def call(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return self._shaped(ops.average_pool2d(as_row(x), (1, int(x.shape[1]))))
        n, t = mask.shape
        # 1 / count where the mask is 1, else 0.
        share = ops.softmax(ops.scale(mask, _FAR))
        return self._shaped(ops.matmul(ops.reshape(share, (n, 1, t)), ops.mask_rows(x, mask)))


class GlobalMaxPooling1D(_GlobalPooling1D):
    """The largest value of each channel over the steps of a sequence. NaN wins.

    Shapes:
        x (N, T, C), y (N, C), or (N, 1, C) with keepdims

    Args:
        data_format: Only "channels_last", which is also what None means.
        keepdims: Keep the time, of 1 step. Default False.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    >>> from brasa import layers
    >>> layers.GlobalMaxPooling1D()([[[1.0], [3.0], [2.0]]])
    array([[3.]], dtype=float32)
    """

    def call(self, x: Tensor) -> Tensor:
        return self._shaped(ops.max_pool2d(as_row(x), (1, int(x.shape[1])))[0])
