"""A layer that does nothing."""

from __future__ import annotations

from brasa import ops
from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor


class Identity(Layer):
    """``y = x``, of any shape: a place in a model, or what stands where a layer is left out.

    Args:
        **options: name, trainable, input_shape.

    >>> from brasa import layers
    >>> layers.Identity()([[1.0, -2.0]])
    array([[ 1., -2.]], dtype=float32)
    """

    supports_masking = True

    def call(self, x: Tensor) -> Tensor:
        return ops.linear(x)
