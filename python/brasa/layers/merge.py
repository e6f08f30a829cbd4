"""Layers with several inputs."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.base import Layer
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor


def _inputs(owner: str, xs: Any) -> list[Any]:
    if not isinstance(xs, (list, tuple)):
        raise TypeError(f"{owner}: takes a list of inputs, got one of type {type(xs).__name__}")
    if len(xs) < 2:
        raise ValueError(f"{owner}: needs at least 2 inputs, got {len(xs)}")
    return list(xs)


class Add(Layer):
    """The sum of its inputs: ``y = x0 + x1 + ...``.

    Shapes:
        all of one shape; nothing is broadcast

    Args:
        **options: name, trainable, input_shape.

    Raises:
        ValueError: fewer than 2 inputs, or shapes that differ. TypeError: one array, not a list.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x = np.ones((1, 2), np.float32)
    >>> layers.Add()([x, x])
    array([[2., 2.]], dtype=float32)
    """

    def call(self, xs: list[Tensor]) -> Tensor:
        return ops.add(*_inputs("Add", xs))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """A step counts where it does in any input; without a mask it does."""
        if mask is None or any(one is None for one in mask):
            return None
        distinct = list(dict.fromkeys(mask))
        result = distinct[0]
        for other in distinct[1:]:
            padding = ops.multiply(ops.scale(result, -1.0, 1.0), ops.scale(other, -1.0, 1.0))
            result = ops.scale(padding, -1.0, 1.0)
        return result


class Concatenate(Layer):
    """Its inputs side by side along one axis.

    Shapes:
        equal but for that axis

    Args:
        axis: Not the batch, 0. Default -1: the channels of images.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: fewer than 2 inputs, shapes that differ off the axis, or an axis that is none.
        TypeError: one array, not a list.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x = np.ones((1, 2), np.float32)
    >>> layers.Concatenate()([x, x]).shape
    (1, 4)
    """

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = whole("Concatenate", "axis", axis)

    def call(self, xs: list[Tensor]) -> Tensor:
        inputs = _inputs("Concatenate", xs)
        if self.axis in (0, -len(inputs[0].shape)):
            raise ValueError(f"Concatenate: axis {self.axis} is the batch: join another one")
        return ops.concatenate(inputs, self.axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """A step counts where it does in all inputs, if their features are joined."""
        masks = [one for one in mask or () if one is not None]
        if not masks or self.axis not in (-1, len(inputs[0].shape) - 1):
            return None
        distinct = list(dict.fromkeys(masks))
        result = distinct[0]
        for other in distinct[1:]:
            result = ops.multiply(result, other)
        return result

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
