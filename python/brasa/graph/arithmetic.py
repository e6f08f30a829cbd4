"""What tensors without values do as operands: ``+ - * / **``, ``< >``, ``abs(x)``, ``x[:, -1]``."""

from __future__ import annotations

from numbers import Real
from typing import Any, TypeGuard

from brasa.graph.indexing import Entry, entries_of


def is_number(value: Any) -> TypeGuard[float]:
    """Whether an operand is one number: Python's or NumPy's, not an array."""
    return isinstance(value, Real) and not isinstance(value, bool)


class Arithmetic:
    """Operators among tensors, and of tensors with numbers, from a few operations.

    Subclasses define those operations and ``__array__``, which raises.
    """

    shape: tuple[Any, ...]

    @property
    def _is_batched(self) -> bool:
        """Whether the first axis is a model's batch, of which nothing is left out."""
        return True

    def _joins(self, other: Any) -> bool:
        """Whether ``other`` may be an operand beside this."""
        raise NotImplementedError

    def _plus(self, other: Any) -> Any:
        raise NotImplementedError

    def _times(self, other: Any) -> Any:
        raise NotImplementedError

    def _over(self, other: Any) -> Any:
        """``self / other``, of tensors."""
        raise NotImplementedError

    def _under(self, other: Any) -> Any:
        """``other / self``, for a number or a tensor."""
        raise NotImplementedError

    def _power(self, exponent: float) -> Any:
        raise NotImplementedError

    def _scaled(self, factor: float, offset: float = 0.0) -> Any:
        """``factor * self + offset``."""
        raise NotImplementedError

    def _part(self, entries: list[Entry]) -> Any:
        """What indexing gives, see ``entries_of``."""
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        if is_number(other):
            return self._scaled(1.0, float(other))
        return self._plus(other) if self._joins(other) else NotImplemented

    def __mul__(self, other: Any) -> Any:
        if is_number(other):
            return self._scaled(float(other))
        return self._times(other) if self._joins(other) else NotImplemented

    __radd__, __rmul__ = __add__, __mul__  # sums and products of two numbers commute to the bit

    def __sub__(self, other: Any) -> Any:
        if is_number(other):
            return self._scaled(1.0, -float(other))
        return self._minus(other) if self._joins(other) else NotImplemented

    def __rsub__(self, other: Any) -> Any:
        if is_number(other):
            return self._scaled(-1.0, float(other))
        return self._scaled(-1.0)._plus(other) if self._joins(other) else NotImplemented

    def __truediv__(self, other: Any) -> Any:
        if is_number(other):
            return self._scaled(1.0 / float(other))
        return self._over(other) if self._joins(other) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        if is_number(other):
            return self._under(float(other))
        return self._under(other) if self._joins(other) else NotImplemented

    def __pow__(self, other: Any) -> Any:
        return self._power(float(other)) if is_number(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return NotImplemented

    def __abs__(self) -> Any:
        raise NotImplementedError

    def _compared(self, op: str, other: Any) -> Any:
        """A mask of 1 and 0, by the op of that name."""
        raise NotImplementedError

    def _compare(self, op: str, other: Any) -> Any:
        can = is_number(other) or self._joins(other)
        return self._compared(op, other) if can else NotImplemented

    # Equality is identity, as tables of tensors need it: ops.equal compares.
    def __lt__(self, other: Any) -> Any:
        return self._compare("less", other)

    def __le__(self, other: Any) -> Any:
        return self._compare("less_equal", other)

    def __gt__(self, other: Any) -> Any:
        return self._compare("greater", other)

    def __ge__(self, other: Any) -> Any:
        return self._compare("greater_equal", other)

    def __neg__(self) -> Any:
        return self._scaled(-1.0)

    def _minus(self, other: Any) -> Any:
        return (-other)._plus(self)

    def __getitem__(self, key: Any) -> Any:
        return self._part(entries_of(key, len(self.shape), self._is_batched))

    __iter__ = None  # else Python would try x[0], x[1], ...

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        # NumPy's numbers and arrays on the left side of an operator come here, and its functions.
        reflected = {
            "add": self.__radd__,
            "subtract": self.__rsub__,
            "multiply": self.__rmul__,
            "divide": self.__rtruediv__,
            "matmul": self.__rmatmul__,
            "less": self.__gt__,
            "less_equal": self.__ge__,
            "greater": self.__lt__,
            "greater_equal": self.__le__,
        }
        operator, left = reflected.get(ufunc.__name__), inputs[0]
        if operator is None or method != "__call__" or options:
            return self.__array__()  # type: ignore[attr-defined]
        if not is_number(left) and (left is self or not self._joins(left)):
            return self.__array__()  # type: ignore[attr-defined]
        return operator(left)
