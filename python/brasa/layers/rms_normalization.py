"""Features divided by their root mean square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.layers.arguments import known
from brasa.layers.base import Layer
from brasa.ops.arguments import number, whole
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class RMSNormalization(Layer):
    """Divide by the root mean square: ``y = scale x / sqrt(mean(x^2) + epsilon)``.

    What LayerNormalization does, without taking the mean away.

    Shapes:
        x and y of any one shape; scale has the extents of x along the axes

    Args:
        axis: The axis, or several, over which the mean is taken. Default the last.
        epsilon: Keeps the division from growing without bound, above 0. Default 1e-6.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: epsilon is not above 0, or x has no such axis. TypeError: an argument is of
            another type.

    Source: Zhang and Sennrich, NeurIPS 2019, arXiv:1910.07467.

    >>> from brasa import layers
    >>> layers.RMSNormalization()([[3.0, 3.0]]).round(4)
    array([[1., 1.]], dtype=float32)
    """

    supports_masking = True
    scale: Parameter

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **options: Any
    ) -> None:
        super().__init__(**options)
        own, several = type(self).__name__, isinstance(axis, (list, tuple))
        axes = [whole(own, "axis", one) for one in (axis if several else [axis])]  # type: ignore[union-attr]
        self.axis = axes if several else axes[0]
        self.epsilon = number(own, "epsilon", epsilon)
        if not self.epsilon > 0:
            raise ValueError(f"{own}: epsilon must be > 0, got {self.epsilon}")

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        given = self.axis if isinstance(self.axis, list) else [self.axis]
        axes = sorted({axis + rank if axis < 0 else axis for axis in given})
        if not axes or len(axes) < len(given) or axes[0] < 1 or axes[-1] >= rank:
            raise ValueError(
                f"RMSNormalization: axis must name each axis once, beside that of the samples, got "
                f"{self.axis}"
            )
        shape = tuple(known("an extent that is normalized", input_shape[axis]) for axis in axes)
        self._axes = tuple(axes)
        self.scale = self.add_weight("scale", shape, "ones")

    def call(self, x: Tensor) -> Tensor:
        squares = ops.mean(ops.square(x), self._axes, keepdims=True)
        y = ops.divide(x, ops.sqrt(ops.scale(squares, 1.0, self.epsilon)))
        spread = tuple(x.shape[a] if a in self._axes else 1 for a in range(1, len(x.shape)))
        return ops.multiply(y, ops.reshape(self.scale, spread))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}
