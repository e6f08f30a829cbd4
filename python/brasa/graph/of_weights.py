"""Operators of weights: ops, which are nodes of the graph that records now, or run at once."""

from __future__ import annotations

from typing import Any

from brasa.graph.arithmetic import is_number
from brasa.graph.recording import recorder
from brasa.graph.symbol import OfOps


class OfWeights(OfOps):
    """What a weight does as an operand of ``+ - * / @ **``, ``abs(w)``, ``w[0]``, and of NumPy."""

    shape: tuple[int, ...]

    def _joins(self, other: Any) -> bool:
        return hasattr(other, "shape")

    def _minus(self, other: Any) -> Any:
        return self._plus(self.operations.scale(other, -1.0))

    def __rsub__(self, other: Any) -> Any:
        if is_number(other):
            return self._scaled(-1.0, float(other))
        return self.operations.add(other, -self) if self._joins(other) else NotImplemented

    @property
    def _is_batched(self) -> bool:
        return False

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if recorder() is not None:
            return super().__array_ufunc__(ufunc, method, *inputs, **options)
        values = [x.__array__() if isinstance(x, OfWeights) else x for x in inputs]
        return getattr(ufunc, method)(*values, **options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise NotImplementedError
