"""Inputs side by side along one axis."""

from __future__ import annotations

import math
from typing import Any

from brasa import ops
from brasa.layers.arguments import list_of_inputs
from brasa.layers.base import Layer
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor


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
        inputs = list_of_inputs("Concatenate", xs)
        if self.axis in (0, -len(inputs[0].shape)):
            raise ValueError(f"Concatenate: axis {self.axis} is the batch: join another one")
        return ops.concatenate(inputs, self.axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Joined as the steps are; of joined features, a step counts where it does in any input.

        Of an input without a mask all steps count.
        """
        masks = [one for one in mask or () if one is not None]
        if len({len(one.shape) for one in masks}) != 1:
            return None
        axis, rank = self.axis % len(inputs[0].shape), len(masks[0].shape)
        if axis < rank:
            pairs = zip(inputs, mask, strict=True)
            return ops.concatenate(
                [_all_steps(x, rank) if m is None else m for x, m in pairs], axis
            )
        if len(masks) < len(inputs):
            return None
        result, *others = {id(mask): mask for mask in masks}.values()
        for other in others:
            result = ops.maximum(result, other)
        return result

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def _all_steps(x: Tensor, rank: int) -> Tensor:
    """The mask of that rank which leaves nothing of x out."""
    shape = (*x.shape[:rank], math.prod(x.shape[rank:]))
    return ops.scale(ops.mask_of_rows(ops.reshape(x, shape)), 0.0, 1.0)
