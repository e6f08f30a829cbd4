"""The states that a cell has before the first step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.layers.cells import Cell, zeros_for
from brasa.ops.dispatch import Tensor


def shapes_of(cell: Any) -> list[tuple[int, ...]]:
    """The shape of each state of one sequence."""
    sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]
    return [tuple(size) if isinstance(size, (list, tuple)) else (int(size),) for size in sizes]


def begins_by_itself(cell: Any) -> bool:
    """Whether the cell has a ``get_initial_state`` of its own."""
    own = getattr(type(cell), "get_initial_state", None)
    return own is not None and own is not Cell.get_initial_state


def refuse_own_states(cells: Iterable[Any]) -> None:
    """ValueError for such cells where states are kept, which begin with zeros."""
    for cell in cells:
        if begins_by_itself(cell):
            raise ValueError(
                f"RNN: stateful=True begins with zeros, but the cell {cell.name!r} has a "
                "get_initial_state(): give the states as initial_state, or take stateful=False"
            )


def first_states(cell: Any, x: Tensor) -> list[Tensor]:
    """What ``get_initial_state`` gives for the sequences x, checked."""
    batch = int(x.shape[0])
    given = cell.get_initial_state(batch_size=batch)
    states = list(given) if isinstance(given, (list, tuple)) else [given]
    wanted = [(batch, *shape) for shape in shapes_of(cell)]
    found = [tuple(np.shape(state)) for state in states]
    if found != wanted:
        raise ValueError(
            f"RNN: get_initial_state() of the cell {cell.name!r} must give states of the shapes "
            f"{wanted}, got {found}"
        )
    return [_beside(cell, state, x) for state in states]


def _beside(cell: Any, state: Any, x: Tensor) -> Tensor:
    """The state as x is, a symbol or an array."""
    if isinstance(state, Symbol) or not isinstance(x, Symbol):
        return state if isinstance(state, Symbol) else np.asarray(state, np.float32)
    values = np.unique(np.asarray(state, np.float32))
    if values.size > 1:
        raise TypeError(
            f"RNN: get_initial_state() of the cell {cell.name!r} gives an array of several "
            "numbers: make it a weight, self.add_weight(...), and return "
            "ops.broadcast_to(self.weight, (batch_size, ...))"
        )
    value = float(values[0]) if values.size else 0.0
    return ops.scale(zeros_for(x, tuple(state.shape)), 1.0, value)
