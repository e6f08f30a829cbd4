"""Arrays made of nothing but a shape: inside models, too, where they stand beside tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.ops.arguments import at_least, finite, kind_or_value, number, truth, whole
from brasa.ops.casting import dtype_of
from brasa.ops.filled import extents


def zeros(shape: Any, dtype: Any = "float32") -> NDArray[Any]:
    """Zeros of "float32", "int32" or "bool".

    Like all arrays that are made here it is NumPy's, also in the ``call`` of a layer: beside
    tensors it is a constant of the plan.

    TypeError for a shape of other than whole numbers, ValueError for numbers below 0 and for
    another type.

    >>> from brasa import ops
    >>> ops.zeros((1, 2))
    array([[0., 0.]], dtype=float32)
    """
    return np.zeros(extents("zeros", shape), dtype_of("zeros", dtype))


def ones(shape: Any, dtype: Any = "float32") -> NDArray[Any]:
    """Ones, see ``zeros``.

    >>> from brasa import ops
    >>> ops.ones(2, dtype="int32")
    array([1, 1], dtype=int32)
    """
    return np.ones(extents("ones", shape), dtype_of("ones", dtype))


def full(shape: Any, fill_value: Any, dtype: Any = "float32") -> NDArray[Any]:
    """That number everywhere, or numbers that are repeated as NumPy does; see ``zeros``.

    >>> from brasa import ops
    >>> ops.full((2, 2), [1.0, 2.0])
    array([[1., 2.],
           [1., 2.]], dtype=float32)
    """
    op = "full"
    wanted, values = extents(op, shape), np.asarray(fill_value)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{op}: fill_value must be numbers, got {kind_or_value(fill_value)}")
    try:
        return np.full(wanted, values, dtype_of(op, dtype))
    except ValueError:
        raise ValueError(
            f"{op}: fill_value of {values.shape} cannot be repeated to {wanted}"
        ) from None


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Any:
    """The numbers from ``start`` up to, and without, ``stop``; with one number alone from 0 on.

    int32 where all three are whole numbers, else float32: ``dtype="float32"`` for what is added to
    tensors.

    TypeError for other than numbers, ValueError for a step of 0, for NaN and infinite ones.

    >>> from brasa import ops
    >>> ops.arange(3), ops.arange(1.0, 2.0, 0.5)
    (array([0, 1, 2], dtype=int32), array([1. , 1.5], dtype=float32))
    """
    op = "arange"
    first, last = (0, start) if stop is None else (start, stop)
    numbers = [
        _exact(op, name, value)
        for name, value in (("start", first), ("stop", last), ("step", step))
    ]
    if numbers[2] == 0:
        raise ValueError(f"{op}: step must not be 0")
    if dtype is None:
        dtype = "int32" if {type(value) for value in numbers} == {int} else "float32"
    return np.arange(*numbers).astype(dtype_of(op, dtype))


def linspace(
    start: float, stop: float, num: int = 50, endpoint: bool = True, dtype: Any = "float32"
) -> NDArray[Any]:
    """``num`` numbers at equal distances from ``start`` to ``stop``, with or without this.

    TypeError for other than numbers, ValueError for NaN, infinite ones, and ``num`` below 0.

    >>> from brasa import ops
    >>> ops.linspace(0.0, 1.0, 3)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    op = "linspace"
    ends = finite(op, "start", start), finite(op, "stop", stop)
    count = at_least(op, "num", num, 0)
    line = np.linspace(*ends, count, endpoint=truth(op, "endpoint", endpoint))
    return np.asarray(line.astype(dtype_of(op, dtype)))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = "float32") -> NDArray[Any]:
    """Ones on the ``k``-th diagonal, where column = row + k, zeros elsewhere.

    Shapes:
        (N, M), M is N where it is None

    >>> from brasa import ops
    >>> ops.eye(2, 3)
    array([[1., 0., 0.],
           [0., 1., 0.]], dtype=float32)
    """
    op = "eye"
    rows = at_least(op, "N", N, 0)
    columns = rows if M is None else at_least(op, "M", M, 0)
    offset = max(-rows, min(columns, whole(op, "k", k)))
    return np.eye(rows, columns, offset, dtype_of(op, dtype))


def identity(n: int, dtype: Any = "float32") -> NDArray[Any]:
    """Ones where row and column are the same, else zeros.

    >>> from brasa import ops
    >>> ops.identity(2)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    size = at_least("identity", "n", n, 0)
    return np.eye(size, dtype=dtype_of("identity", dtype))


def _exact(op: str, name: str, value: Any) -> float:
    """A number, whole ones as they are."""
    if hasattr(value, "__index__") and not isinstance(value, bool):
        return whole(op, name, value)
    return finite(op, name, number(op, name, value))
