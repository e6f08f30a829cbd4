"""Vectors of length 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.layers.base import Layer
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor


def unit_length(x: Tensor, axes: int | Sequence[int], least: float) -> Tensor:
    """``x / max(|x|, least)``, with the length taken over the axes; a zero stays one."""
    squares = ops.sum(ops.square(x), axes, keepdims=True)
    return ops.divide(x, ops.sqrt(ops.maximum(squares, least * least)))


class UnitNormalization(Layer):
    """Give each vector along an axis the length 1: ``y = x / |x|``; zeros stay zeros.

    Shapes:
        x and y of any one shape

    Args:
        axis: The axis, or several, over which the length is taken. Default the last.
        **options: name, trainable, input_shape.

    Raises:
        TypeError: axis is no whole number, nor a list of such.

    >>> from brasa import layers
    >>> layers.UnitNormalization()([[3.0, 4.0]])
    array([[0.6, 0.8]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **options: Any) -> None:
        super().__init__(**options)
        own = type(self).__name__
        several = isinstance(axis, (list, tuple))
        axes = [whole(own, "axis", one) for one in (axis if several else [axis])]  # type: ignore[union-attr]
        self.axis = axes if several else axes[0]

    def call(self, x: Tensor) -> Tensor:
        return unit_length(x, self.axis, 1e-12)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
