"""What models return: one output, a list of them, or a dictionary; and what they are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from brasa.layers.weighted import free_name


def in_order(what: str, value: Any) -> tuple[Any, list[str] | None]:
    """The values of a dictionary in the order of its keys, and these; anything else as it is.

    Sorted, as Keras has them: so lists of targets belong to them.

    >>> from brasa.outputs import in_order
    >>> in_order("outputs", {"b": 2, "a": 1})
    ([1, 2], ['a', 'b'])
    """
    if not isinstance(value, Mapping):
        return value, None
    strange = [key for key in value if not isinstance(key, str) or not key]
    if strange or not value:
        raise TypeError(f"{what} must have names as keys, got {list(value)}")
    keys = sorted(value)
    return [value[key] for key in keys], keys


def arranged(values: Sequence[Any], keys: Sequence[str] | None) -> Any:
    """What stands for the outputs as users see them.

    >>> from brasa.outputs import arranged
    >>> arranged([1, 2], ["a", "b"]), arranged([1, 2], None), arranged([1], None)
    ({'a': 1, 'b': 2}, [1, 2], 1)
    """
    if keys is not None:
        return dict(zip(keys, values, strict=True))
    return values[0] if len(values) == 1 else list(values)


def told_apart(names: Sequence[str]) -> list[str]:
    """``["x", "y", "x"]`` becomes ``["x", "y", "x_1"]``."""
    taken: dict[str, None] = {}
    for first in names:
        taken[free_name(first, taken)] = None
    return list(taken)
