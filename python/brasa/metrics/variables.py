"""What metrics remember from batch to batch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import initializers


class Variable(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that is assigned to, with operators and functions of NumPy's arrays.

    float64 by default: float32 stops counting ones at 16,777,216.

    >>> from brasa.metrics import Metric
    >>> total = Metric(name="mine").add_weight(name="total")
    >>> total.assign_add(2.5)
    >>> float(total), float(total / 2)
    (2.5, 1.25)
    """

    def __init__(self, shape: Any, initializer: Any, dtype: Any, name: str) -> None:
        if isinstance(shape, str):
            raise TypeError(
                f"add_weight: shape must be whole numbers, got {shape!r}: give name=..."
            )
        extents: tuple[int, ...] = tuple(np.atleast_1d(np.array(shape, np.int64)).tolist())
        try:
            self.dtype = np.dtype("float64" if dtype is None else dtype)
        except TypeError:
            raise TypeError(f"metric variable {name!r}: dtype {dtype!r} is no type") from None
        self.name = name
        self._first: NDArray[Any] = np.broadcast_to(_values(initializer, extents), extents).astype(
            self.dtype
        )
        self.value: NDArray[Any] = self._first.copy()

    @property
    def shape(self) -> tuple[int, ...]:
        """The extents."""
        return self.value.shape

    def numpy(self) -> NDArray[Any]:
        """A copy of the values."""
        values: NDArray[Any] = self.value.copy()
        return values

    def assign(self, value: Any) -> None:
        """Be these values; ValueError where their shape is another."""
        array = np.asarray(value)
        if array.shape != self.shape:
            raise ValueError(
                f"metric variable {self.name!r}: values must have the shape {self.shape}, "
                f"got {array.shape}"
            )
        self.value = array.astype(self.dtype)

    def assign_add(self, value: Any) -> None:
        """Add these values."""
        self.assign(self.value + value)

    def assign_sub(self, value: Any) -> None:
        """Take these values away."""
        self.assign(self.value - value)

    def reset(self) -> None:
        """Be what it was at first."""
        self.value = self._first.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.value, dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [item.value if isinstance(item, Variable) else item for item in inputs]
        return getattr(ufunc, method)(*plain, **options)

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]

    def __len__(self) -> int:
        return len(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __repr__(self) -> str:
        return f"<metric variable {self.name!r}: {self.value!r}>"


def _values(initializer: Any, shape: tuple[int, ...]) -> Any:
    if initializer is None:
        return 0.0
    if callable(initializer) and not isinstance(initializer, (type, initializers.Initializer)):
        return initializer(shape)
    return initializers.get(initializer)(shape)
