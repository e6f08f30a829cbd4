"""Data for steps of one's own: arrays, and lists and dictionaries of them, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import to_array, to_float32
from brasa.there import borrowed, host_of


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """A batch as ``train_step`` gets it: ``x`` alone, ``(x, y)`` or ``(x, y, sample_weight)``.

    >>> from brasa.utils import pack_x_y_sample_weight
    >>> pack_x_y_sample_weight("x", "y")
    ('x', 'y')
    """
    if y is None and sample_weight is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """``(x, y, sample_weight)`` of a batch, with None for what it does not have.

    ValueError for more than three parts, and none.

    >>> from brasa.utils import unpack_x_y_sample_weight
    >>> unpack_x_y_sample_weight(("x", "y"))
    ('x', 'y', None)
    """
    parts = tuple(data) if isinstance(data, (list, tuple)) else (data,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            f"a batch must be x, (x,), (x, y) or (x, y, sample_weight), got {len(parts)} parts"
        )
    x, y, sample_weight = (*parts, None, None)[:3]
    return x, y, sample_weight


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """The same lists and dictionaries of what the function makes of each array; None stays."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {key: mapped(function, item) for key, item in value.items()}
    if _is_list(value):
        return type(value)(mapped(function, item) for item in value)
    return function(value)


def flattened(value: Any) -> list[Any]:
    """The arrays in lists and dictionaries, in their order; None is none."""
    found: list[Any] = []
    mapped(found.append, value)
    return found


def form_of(value: Any) -> Any:
    """What tells apart how arrays lie in lists and dictionaries; may be a key."""
    if isinstance(value, Mapping):
        return ("dict", *((key, form_of(item)) for key, item in value.items()))
    if _is_list(value):
        return (type(value).__name__, *map(form_of, value))
    return value is not None


def _is_list(value: Any) -> bool:
    """Whether it is a list of arrays, rather than one of numbers."""
    return (
        type(value) in (list, tuple)
        and bool(value)
        and all(
            item is None or hasattr(item, "shape") or isinstance(item, Mapping) or _is_list(item)
            for item in value
        )
    )


def arrays_in(op: str, name: str, value: Any, device: str, check_finite: bool = False) -> Any:
    """The same with NumPy's arrays: floats as float32, whole numbers and booleans as they are."""

    def array_of(item: Any) -> NDArray[Any]:
        array = to_array(op, name, host_of(borrowed(op, name, item, device)))
        if array.dtype.kind == "f":
            array = to_float32(op, name, array)
            if check_finite and not np.isfinite(array).all():
                where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
                raise ValueError(
                    f"{op}: {name}{list(where)} is {array[where]}. Clean the data, or pass "
                    "check_finite=False to train on it all the same"
                )
        if array.ndim == 0:
            raise ValueError(f"{op}: {name} must have one row for each sample, got a single number")
        return array

    return mapped(array_of, value)


def weights_for(given: Any, names: Sequence[str]) -> list[Any]:
    """The weights of samples for each of these outputs; None where there are none."""
    if isinstance(given, Mapping):
        return [given.get(name) for name in names]
    several = isinstance(given, (list, tuple)) and len(names) > 1
    return list(given) if several else [given] * len(names)


class Samples:
    """A data set of arrays in any structure, all with one row for each sample.

    ValueError where their numbers of rows differ, or are 0.
    """

    def __init__(self, op: str, x: Any, y: Any = None, sample_weight: Any = None) -> None:
        self.parts = (x, y, sample_weight)
        lengths = {len(array) for array in flattened(self.parts)}
        if len(lengths) > 1:
            kinds = zip(("x", "y", "sample_weight"), self.parts, strict=True)
            each = {name: [len(a) for a in flattened(part)] for name, part in kinds}
            raise ValueError(f"{op}: the numbers of samples differ: {each}")
        if lengths <= {0}:
            raise ValueError(f"{op}: there are no samples")
        self.rows = lengths.pop()

    def picked(self, which: slice | NDArray[np.int64]) -> Any:
        """A batch of these rows."""
        parts: Sequence[Any] = [mapped(lambda array: array[which], part) for part in self.parts]
        return pack_x_y_sample_weight(*parts)

    def slice(self, start: int, stop: int, op: str = "fit") -> Samples:
        """The samples [start, stop), without copying."""
        return Samples(op, *(mapped(lambda array: array[start:stop], p) for p in self.parts))
