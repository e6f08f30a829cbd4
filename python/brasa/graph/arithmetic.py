"""``+``, ``-``, ``*``, ``/`` and negation, for tensors that have no values yet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from numbers import Real
from typing import Any, TypeGuard


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, bool)


class Arithmetic(ABC):
    """Operators among tensors, and of tensors with numbers, from three operations."""

    @abstractmethod
    def __array__(self) -> Any:
        """TypeError: there are no values."""

    @abstractmethod
    def _joins(self, other: Any) -> bool:
        """Whether ``other`` may be an operand beside this."""

    @abstractmethod
    def _plus(self, other: Any) -> Any: ...

    @abstractmethod
    def _times(self, other: Any) -> Any: ...

    @abstractmethod
    def _scaled(self, factor: float, offset: float = 0.0) -> Any:
        """``factor * self + offset``."""

    def __add__(self, other: Any) -> Any:
        if _is_number(other):
            return self._scaled(1.0, float(other))
        return self._plus(other) if self._joins(other) else NotImplemented

    def __mul__(self, other: Any) -> Any:
        if _is_number(other):
            return self._scaled(float(other))
        return self._times(other) if self._joins(other) else NotImplemented

    __radd__, __rmul__ = __add__, __mul__  # sums and products of two numbers commute to the bit

    def __sub__(self, other: Any) -> Any:
        if _is_number(other):
            return self._scaled(1.0, -float(other))
        return self._minus(other) if self._joins(other) else NotImplemented

    def __rsub__(self, other: Any) -> Any:
        if _is_number(other):
            return self._scaled(-1.0, float(other))
        return self._scaled(-1.0)._plus(other) if self._joins(other) else NotImplemented

    def __truediv__(self, other: Any) -> Any:
        return self._scaled(1.0 / float(other)) if _is_number(other) else NotImplemented

    def __neg__(self) -> Any:
        return self._scaled(-1.0)

    def _minus(self, other: Any) -> Any:
        return (-other)._plus(self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        # NumPy's numbers on the left side of an operator come here, and NumPy's functions.
        reflected = {"add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__"}
        name = reflected.get(ufunc.__name__)
        if name is None or method != "__call__" or options or not _is_number(inputs[0]):
            return self.__array__()
        return getattr(self, name)(inputs[0])
