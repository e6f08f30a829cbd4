"""Operators of weights: ops, which are nodes of the graph that records now, or run at once."""

from __future__ import annotations

from typing import Any

from brasa.graph.arithmetic import Arithmetic, is_number
from brasa.graph.indexing import Entry, entries_of
from brasa.graph.recording import recorder
from brasa.graph.symbol import Symbol


class OfWeights(Arithmetic):
    """What a weight does as an operand of ``+ - * / @ **``, ``abs(w)``, ``w[0]``, and of NumPy."""

    shape: tuple[int, ...]

    def _joins(self, other: Any) -> bool:
        return hasattr(other, "shape")

    def _plus(self, other: Any) -> Any:
        return Symbol.operations.add(self, other)

    def _minus(self, other: Any) -> Any:
        return self._plus(Symbol.operations.scale(other, -1.0))

    def __rsub__(self, other: Any) -> Any:
        if is_number(other):
            return self._scaled(-1.0, float(other))
        return Symbol.operations.add(other, -self) if self._joins(other) else NotImplemented

    def _times(self, other: Any) -> Any:
        return Symbol.operations.multiply(self, other)

    def _over(self, other: Any) -> Any:
        return Symbol.operations.divide(self, other)

    def _under(self, other: Any) -> Any:
        return Symbol.operations.divide(other, self)

    def __matmul__(self, other: Any) -> Any:
        return Symbol.operations.matmul(self, other) if self._joins(other) else NotImplemented

    def _power(self, exponent: float) -> Any:
        return Symbol.operations.power(self, exponent)

    def __abs__(self) -> Any:
        return Symbol.operations.abs(self)

    def _scaled(self, factor: float, offset: float = 0.0) -> Any:
        return Symbol.operations.scale(self, factor, offset)

    def _part(self, entries: list[Entry]) -> Any:
        return Symbol.operations.part(self, entries)

    def __getitem__(self, key: Any) -> Any:
        # No axis is the batch: entries_of gets one more in front, which is taken whole.
        given = key if isinstance(key, tuple) else (key,)
        return self._part(entries_of((slice(None), *given), len(self.shape) + 1)[1:])

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if recorder() is not None:
            return super().__array_ufunc__(ufunc, method, *inputs, **options)
        values = [x.__array__() if isinstance(x, OfWeights) else x for x in inputs]
        return getattr(ufunc, method)(*values, **options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise NotImplementedError
