"""``x[:, -1]``, ``x[..., 2:5]``: what of each axis is meant, a model's batch being taken whole."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any, Literal

# Of one axis: all of it, one place (the axis goes), or a stretch from start to stop; or a new one.
Entry = int | tuple[int | None, int | None] | Literal["new"] | None


def entries_of(key: Any, rank: int, batched: bool = True) -> list[Entry]:
    """An index as Python gives it, one entry for each axis, and one for each new axis.

    ``batched``: the first axis is a model's batch.

    Raises:
        IndexError: more entries than axes. ValueError: a part of the batch, or a step.
        TypeError: neither whole numbers nor slices nor None.
    """
    items = list(key) if isinstance(key, tuple) else [key]
    dots = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index may have only one '...'")
    named = len(items) - len(dots) - sum(item is None for item in items)
    if named > rank:
        raise IndexError(f"the tensor has {rank} axes, the index {named}")
    at = dots[0] if dots else len(items)
    items[at : at + len(dots)] = [slice(None)] * (rank - named)
    axes = itertools.count()
    entries: list[Entry] = ["new" if item is None else _entry(next(axes), item) for item in items]
    if batched and entries[0] is not None:
        raise ValueError("the batch, axis 0, is taken whole: x[:, ...]")
    return entries


def _entry(axis: int, item: Any) -> Entry:
    if isinstance(item, slice):
        if item.step not in (None, 1):
            raise ValueError(f"axis {axis}: slices have step 1, got {item.step}")
        bounds = tuple(None if b is None else operator.index(b) for b in (item.start, item.stop))
        return None if bounds in ((None, None), (0, None)) else (bounds[0], bounds[1])
    if isinstance(item, bool) or not hasattr(item, "__index__"):
        raise TypeError(f"axis {axis}: an index is a whole number or a slice, got {item!r}")
    return operator.index(item)


def stretch_of(axis: int, entry: Entry, extent: int) -> tuple[int, int]:
    """Where the entry begins on an axis of that extent, and how long it is."""
    if entry is None or entry == "new":
        return 0, extent
    if isinstance(entry, int):
        if not -extent <= entry < extent:
            raise IndexError(f"axis {axis} has the extent {extent}, got the index {entry}")
        return entry % extent, 1
    start, stop, _ = slice(*entry).indices(extent)
    if stop <= start:
        raise ValueError(f"axis {axis} has the extent {extent}: [{start}:{stop}] is empty")
    return start, stop - start


def shape_of(entries: Sequence[Entry], shape: Sequence[int]) -> tuple[int, ...]:
    """What is left of a shape: axes of which one place was taken are gone."""
    left: list[int] = []
    axes = enumerate(shape)
    for entry in entries:
        if entry == "new":
            left.append(1)
            continue
        axis, extent = next(axes)
        if not isinstance(entry, int):
            left.append(stretch_of(axis, entry, extent)[1])
    return tuple(left)
