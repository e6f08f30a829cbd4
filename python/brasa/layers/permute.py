"""The axes of a sample in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.layers.arguments import one_input
from brasa.layers.base import Layer
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor


class Permute(Layer):
    """The axes of each sample in another order: axis ``d`` of y is axis ``dims[d - 1]`` of x.

    Shapes:
        x (N, ...), y (N, ...) with the other extents in the order of ``dims``

    Args:
        dims: Each axis of a sample once, counted from 1: the batch, 0, stays where it is.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: dims does not name 1, 2, ... once each, or x has another number of axes.
        TypeError: dims is no tuple of whole numbers.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Permute((2, 1))(np.zeros((8, 10, 64), np.float32)).shape
    (8, 64, 10)
    """

    def __init__(self, dims: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(dims, (tuple, list)):
            raise TypeError(f"Permute: dims must be a tuple such as (2, 1), got {dims!r}")
        self.dims = tuple(whole("Permute", "dims", axis) for axis in dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)) or not self.dims:
            raise ValueError(
                "Permute: dims must name each axis of a sample once, the first one is 1, got "
                f"{self.dims}"
            )

    def call(self, x: Tensor) -> Tensor:
        if len(one_input("Permute", x).shape) != len(self.dims) + 1:
            raise ValueError(
                f"Permute: dims {self.dims} are for samples of {len(self.dims)} axes, got an input "
                f"of {tuple(x.shape)}"
            )
        return ops.transpose(x, (0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": list(self.dims)}
