"""Layers that change the shape and leave the values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.layers.arguments import one_input
from brasa.layers.base import Layer
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor


class Flatten(Layer):
    """One row of features for each sample, in the order of memory: channels vary fastest.

    Shapes:
        x (N, ...), y (N, product of the rest)

    Args:
        **options: name, trainable, input_shape.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Flatten()(np.zeros((8, 5, 5, 16), np.float32)).shape
    (8, 400)
    """

    def call(self, x: Tensor) -> Tensor:
        shape = one_input("Flatten", x).shape
        return ops.reshape(x, (shape[0], math.prod(shape[1:])))


class Reshape(Layer):
    """The same values of each sample under another shape.

    Shapes:
        x (N, ...), y (N, *target_shape)

    Args:
        target_shape: Extents without the batch; one of them may be -1: what is left over.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an extent is 0 or below -1, more than one is -1, or the sizes do not agree.
        TypeError: an extent is no whole number.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Reshape((28, 28, -1))(np.zeros((8, 784), np.float32)).shape
    (8, 28, 28, 1)
    """

    def __init__(self, target_shape: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(target_shape, (tuple, list)):
            raise TypeError(
                f"Reshape: target_shape must be a tuple such as (28, 28, 1), got {target_shape!r}"
            )
        shape = tuple(whole("Reshape", "target_shape", extent) for extent in target_shape)
        if any(extent == 0 or extent < -1 for extent in shape) or shape.count(-1) > 1:
            raise ValueError(
                f"Reshape: extents must be >= 1, one of them may be -1, got target_shape {shape}"
            )
        self.target_shape = shape

    def call(self, x: Tensor) -> Tensor:
        shape = one_input("Reshape", x).shape
        return ops.reshape(x, (shape[0], *self._resolved(tuple(shape[1:]))))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": list(self.target_shape)}

    def _resolved(self, have: tuple[int, ...]) -> list[int]:
        # By the extents of one sample: a batch of 0 has them, too.
        size = math.prod(have)
        known = math.prod(extent for extent in self.target_shape if extent != -1)
        if size % known or (-1 not in self.target_shape and size != known):
            raise ValueError(
                f"Reshape: a sample of {have} has {size} elements, "
                f"which do not fill target_shape {self.target_shape}"
            )
        return [size // known if extent == -1 else extent for extent in self.target_shape]
