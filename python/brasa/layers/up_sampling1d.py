"""Longer sequences."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import positive, sequence_channels
from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor


class UpSampling1D(Layer):
    """Each step several times: ``y[n, t] = x[n, t // size]``.

    Shapes:
        x (N, T, C), y (N, T * size, C)

    Args:
        size: How often, at least 1. Default 2.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: size is below 1, or x is no sequence. TypeError: size is no whole number.

    >>> from brasa import layers
    >>> layers.UpSampling1D()([[[1.0], [2.0]]]).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    def __init__(self, size: int = 2, **options: Any) -> None:
        super().__init__(**options)
        self.size = positive("UpSampling1D", "size", size)

    def build(self, input_shape: Any) -> None:
        sequence_channels(input_shape)

    def call(self, x: Tensor) -> Tensor:
        n, t, c = x.shape
        y = ops.broadcast_to(ops.reshape(x, (n, t, 1, c)), (n, t, self.size, c))
        return ops.reshape(y, (n, t * self.size, c))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}
