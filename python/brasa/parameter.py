"""Parameters: named arrays that layers create and optimizers change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from brasa.arrays import FloatArray, to_array, to_float32

if TYPE_CHECKING:
    from brasa.initializers import Initializer


class Parameter:
    """A weight: a name, a shape, and values in float32.

    Once its model is built, ``value`` is a view into the model's one flat buffer, which the
    optimizer updates in place.
    """

    def __init__(
        self, name: str, shape: tuple[int, ...], initializer: Initializer, *, trainable: bool = True
    ) -> None:
        self.name = name
        self.shape = shape
        self.trainable = trainable
        self.value: FloatArray = np.asarray(initializer(shape), np.float32, order="C")

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.value.size

    def assign(self, value: Any) -> None:
        """Overwrite the values in place; ValueError unless the shape agrees."""
        array = to_float32("assign", self.name, to_array("assign", self.name, value))
        if array.shape != self.shape:
            raise ValueError(
                f"weight {self.name!r} has the shape {self.shape}, got an array of {array.shape}"
            )
        self.value[...] = array

    def numpy(self) -> FloatArray:
        """A copy of the values."""
        values: FloatArray = self.value.copy()
        return values

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, {self.shape})"
