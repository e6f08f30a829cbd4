"""Parameters: named arrays that layers create and optimizers change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from brasa.arrays import FloatArray, to_array, to_float32

if TYPE_CHECKING:
    from brasa.initializers import Initializer


class Writes:
    """Counts what writes into any parameter: a plan keeps what it made from them until then."""

    count = 0


class Parameter:
    """A weight: a name, a shape, and values in float32.

    Once its model is built, ``value`` is a view into the model's one flat buffer, which the
    optimizer updates in place. It is read-only: ``assign`` writes, and tells the plans.
    """

    def __init__(
        self, name: str, shape: tuple[int, ...], initializer: Initializer, *, trainable: bool = True
    ) -> None:
        self.name = name
        self.shape = shape
        self.trainable = trainable
        self.move_to(np.asarray(initializer(shape), np.float32, order="C"))

    def move_to(self, storage: FloatArray) -> None:
        """Have ``storage`` hold the values from now on."""
        self._storage = storage
        self.value: FloatArray = storage.view()
        self.value.flags.writeable = False
        Writes.count += 1

    def lies_in(self, storage: FloatArray) -> bool:
        """Whether this very array holds the values."""
        return self._storage is storage

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
        self._storage[...] = array
        Writes.count += 1

    def numpy(self) -> FloatArray:
        """A copy of the values."""
        values: FloatArray = self.value.copy()
        return values

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, {self.shape})"
