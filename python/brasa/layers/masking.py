"""How layers carry the mask of padded steps, and the layer that makes one from values.

A mask is a symbol beside a symbol: ``x.mask`` is None, or 1 where a step counts and 0 where it is
padding, float32 in the shape of x without the features.
"""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.layers.base import Layer
from brasa.ops.arguments import number
from brasa.ops.dispatch import Tensor


class Masking(Layer):
    """Leave out the steps whose features are all ``mask_value``: ``y = x`` elsewhere, there 0.

    The mask goes on to the layers that follow: a recurrent layer skips the masked steps, the loss
    and the metrics do not count them.

    Shapes:
        x and y (N, T, ..., D)

    Args:
        mask_value: What padding is filled with. Default 0.
        **options: name, trainable, input_shape.

    >>> from brasa import layers
    >>> layers.Masking(-1.0)([[[1.0, 2.0], [-1.0, -1.0]]])
    array([[[1., 2.],
            [0., 0.]]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.mask_value = number("Masking", "mask_value", mask_value)

    def call(self, x: Tensor) -> Tensor:
        mask = ops.mask_of_rows(x, self.mask_value)
        y = ops.mask_rows(x, mask)
        if isinstance(y, Symbol):
            y.mask = mask
        return y

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: ``call`` has made the mask from the values."""

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}
