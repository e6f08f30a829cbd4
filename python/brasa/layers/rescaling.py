"""Pixels as networks like them."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.base import Layer
from brasa.ops.arguments import number


class Rescaling(Layer):
    """Scale the input: ``y = scale * x + offset``.

    As the first layer of a model it takes raw pixels: ``Rescaling(1 / 255)`` brings uint8 images
    to [0, 1], in training and in every later use of the model alike.

    Shapes:
        x and y of any shape

    Args:
        scale: Factor.
        offset: Added after scaling. Default 0.

    >>> from brasa.layers import Rescaling
    >>> Rescaling(1 / 255)([[0.0, 255.0]])
    array([[0., 1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, scale: float, offset: float = 0.0, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.scale = number("Rescaling", "scale", scale)
        self.offset = number("Rescaling", "offset", offset)

    def call(self, x: Any) -> Any:
        return ops.scale(x, self.scale, self.offset)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}
