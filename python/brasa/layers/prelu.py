"""The rectifier that learns its slope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import initializers, ops, regularizers
from brasa.layers.arguments import known
from brasa.layers.base import Layer
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class PReLU(Layer):
    """Rectifier with slopes that are learned: ``y = x`` where ``x > 0``, else ``alpha * x``.

    Shapes:
        x and y (N, ...), alpha as x without N, 1 along the shared axes

    Args:
        alpha_initializer: What the slopes start from. Default "zeros".
        alpha_regularizer: What large slopes add to the loss. Default none.
        shared_axes: Axes along which one slope serves all, counted with the batch as 0: for images
            (N, H, W, C) those of the pixels are (1, 2). Default none.
        **options: alpha_constraint (see :mod:`brasa.constraints`), name, trainable, input_shape.

    Raises:
        ValueError: a shared axis is none of the input, or an extent that slopes depend on is open.
        TypeError: shared_axes is neither a whole number nor a list of them.

    Source: He et al., ICCV 2015, arXiv:1502.01852.

    >>> from brasa import layers
    >>> layers.PReLU("ones")([[-1.0, 2.0]])
    array([[-1.,  2.]], dtype=float32)
    """

    supports_masking = True
    _constrained = (("alpha_constraint", "alpha"),)
    alpha: Parameter

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.alpha_initializer = initializers.get(alpha_initializer, "PReLU: alpha_initializer")
        self.alpha_regularizer = regularizers.get(alpha_regularizer, "PReLU: alpha_regularizer")
        axes = shared_axes if isinstance(shared_axes, (list, tuple)) else [shared_axes]
        self.shared_axes = None
        if shared_axes is not None:
            self.shared_axes = [whole("PReLU", "shared_axes", axis) for axis in axes]

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list):
            raise ValueError("takes one input, not a list of them")
        rank = len(input_shape)
        shared = {axis + rank if axis < 0 else axis for axis in self.shared_axes or ()}
        if not shared <= set(range(1, rank)):
            raise ValueError(f"PReLU: shared_axes must lie in [1, {rank}), got {self.shared_axes}")
        shape = [
            1 if axis in shared else known(f"axis {axis}", input_shape[axis])
            for axis in range(1, rank)
        ]
        self.alpha = self.add_weight("alpha", shape, self.alpha_initializer, self.alpha_regularizer)

    def call(self, x: Tensor) -> Tensor:
        below = ops.relu(ops.scale(x, -1.0))
        return ops.add(ops.relu(x), ops.scale(ops.multiply(below, self.alpha), -1.0))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "shared_axes": self.shared_axes,
        }
