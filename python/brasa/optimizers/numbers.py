"""Numbers of an optimizer with the methods that they have in Keras, where they are variables."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from brasa.optimizers.rates import HasRate


class Rate(float):
    """A learning rate: a float that can set the rate of its optimizer.

    Copies are plain floats.
    """

    _owner: weakref.ref[HasRate]

    @classmethod
    def of(cls, optimizer: HasRate, value: float) -> Rate:
        """The number, of this optimizer."""
        rate = cls(value)
        rate._owner = weakref.ref(optimizer)
        return rate

    def assign(self, value: Any) -> None:
        """Set the optimizer's learning rate; errors as there. This number stays what it is."""
        optimizer = self._owner()
        if optimizer is not None:
            optimizer.learning_rate = value

    @property
    def value(self) -> float:
        """The number."""
        return float(self)

    def numpy(self) -> NDArray[np.float32]:
        """The number as NumPy's array without axes."""
        return np.array(self, np.float32)

    def __reduce__(self) -> tuple[Any, ...]:
        return float, (float(self),)


class Count(int):
    """A number of updates."""

    @property
    def value(self) -> int:
        """The number."""
        return int(self)

    def numpy(self) -> NDArray[np.int64]:
        """The number as NumPy's array without axes."""
        return np.array(int(self), np.int64)

    def __reduce__(self) -> tuple[Any, ...]:
        return int, (int(self),)
