"""A recurrent layer of any cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from brasa import ops
from brasa.layers.base import Layer
from brasa.layers.cells import is_whole
from brasa.layers.first_states import (
    begins_by_itself,
    first_states,
    refuse_own_states,
    shapes_of,
)
from brasa.layers.over_time import OverTime, Steps
from brasa.layers.running import running_in
from brasa.layers.sharing import serialize
from brasa.layers.unrolled import unrolled
from brasa.ops.dispatch import Tensor


class StackedRNNCells(Layer):
    """Cells of which each reads what the one before gives, as one cell for ``layers.RNN``.

    The states are those of all cells, one after the other, in one list.

    Args:
        cells: A list of cells, at least one.
        **options: name, trainable.

    Raises:
        ValueError: there is none. TypeError: one is no cell.

    >>> import numpy as np
    >>> from brasa import layers
    >>> deep = layers.RNN(layers.StackedRNNCells([layers.LSTMCell(8), layers.GRUCell(4)]))
    >>> deep(np.zeros((2, 7, 3), np.float32)).shape
    (2, 4)
    """

    def __init__(self, cells: Sequence[Any], **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(f"StackedRNNCells: cells must be a list of cells, got {cells!r}")
        self.cells = [cell_of("StackedRNNCells: cells", cell) for cell in cells]

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states of all cells."""
        return [shape if len(shape) > 1 else shape[0] for c in self.cells for shape in shapes_of(c)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": [serialize(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> StackedRNNCells:
        """The cells that ``get_config`` described; they may be made already."""
        return cls(**{**config, "cells": [_made(cell) for cell in config["cells"]]})


class RNN(OverTime):
    """A cell that goes through a sequence: LSTMCell, GRUCell, SimpleRNNCell, or one of your own.

    A cell of your own is a layer with ``state_size``, a number or a list of them, and
    ``call(self, inputs, states)`` that returns ``output, states`` for one step. A plan has its ops
    for every step. It begins with zeros, or with what its ``get_initial_state(batch_size)`` gives:
    tensors made of its weights, or arrays of one number. Of brasa's cells one op does all steps, as
    in the layers LSTM, GRU, SimpleRNN; a subclass of theirs with a ``call`` of its own goes step by
    step.

    Shapes:
        x (N, T, ...), or a list of it and all states; y what the cell gives, (N, ...), or
        (N, T, ...) with return_sequences. Steps that a mask leaves out repeat the output before,
        zeros at first, and keep the states.

    Args:
        cell: The cell, or a list of cells: see StackedRNNCells.
        return_sequences: Return the output of every step. Default False: of the last one.
        return_state: Return ``[y, *states]``. Default False.
        go_backwards: Read the sequence from its end; the sequence returned is in that order.
        stateful: Begin each batch where the one before ended, until ``reset_states()``.
        **options: name, trainable, input_shape.

    Raises:
        TypeError: ``cell`` is no cell.

    >>> from brasa import layers, ops
    >>> class Total(layers.Layer):
    ...     state_size = 2
    ...
    ...     def call(self, inputs, states):
    ...         total = ops.add(inputs, states[0])
    ...         return total, [total]
    >>> layers.RNN(Total())([[[1.0, 2.0], [3.0, 4.0]]])
    array([[4., 6.]], dtype=float32)
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        self.cell = cell_of("RNN: cell", cell)
        self._take_order(return_sequences, return_state, go_backwards, stateful)

    def build(self, input_shape: Any) -> None:
        shape = input_shape[0] if isinstance(input_shape, list) else input_shape
        if len(shape) < 3:
            raise ValueError(f"expected sequences (N, T, ...), got rank {len(shape)}")
        shape = (None, *shape[2:])
        for cell in self.cells:
            cell.ensure_built(shape)
            if not is_whole(cell):
                break  # what it gives is known when it is called, and so are layers inside it
            shape = (None, cell.output_size)
        else:
            _adopt_in(self.cell)
            self._adopt([self.cell])
        if self.stateful:
            refuse_own_states(self.cells)

    @property
    def cells(self) -> list[Any]:
        """The cells that a step goes through."""
        return _cells_in(self.cell)

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return [shape for cell in self.cells for shape in shapes_of(cell)]

    @property
    def state_count(self) -> int:  # type: ignore[override]
        """How many states all cells have."""
        return len(self.state_shapes)

    def sequence(
        self, x: Tensor, first: list[Tensor], mask: Any, training: bool, backwards: bool
    ) -> Steps:
        states: list[Tensor] = []
        for cell in self.cells:  # each reads all that the one before gave
            count = len(shapes_of(cell))
            own, first = first[:count], first[count:]
            x, after = _through(cell, x, own, mask, training, backwards)
            states += after
        _adopt_in(self.cell)
        return x, states

    def last(self, y: Tensor, states: list[Tensor]) -> Tensor:
        cell = self.cells[-1]
        if is_whole(cell):
            return states[-cell.state_count]
        step = ops.slice(y, 1, 0 if self.go_backwards else y.shape[1] - 1, 1)
        return ops.reshape(step, (y.shape[0], *y.shape[2:]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cell": serialize(self.cell), **self._order_config()}

    def config_of_another(self) -> dict[str, Any]:
        # The cell as it is made: classes of users have no name here.
        return {**self.get_config(), "cell": _again(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RNN:
        """The layer that ``get_config`` described; the cell may be made already."""
        return cls(**{**config, "cell": _made(config["cell"])})


def cell_of(what: str, cell: Any) -> Any:
    """The cell; TypeError where it is none."""
    if not isinstance(cell, Layer) or not hasattr(cell, "state_size"):
        raise TypeError(
            f"{what} must be a cell, a layer with state_size and call(inputs, states), got {cell!r}"
        )
    return cell


def _cells_in(cell: Any) -> list[Any]:
    if isinstance(cell, StackedRNNCells):
        return [inner for one in cell.cells for inner in _cells_in(one)]
    return [cell]


def _again(cell: Any) -> Any:
    """A cell like this one, without its weights."""
    if isinstance(cell, StackedRNNCells):
        return StackedRNNCells([_again(inner) for inner in cell.cells], name=cell.name)
    return type(cell).from_config(cell.get_config() | cell._constraints())


def _made(cell: Any) -> Any:
    from brasa.layers import deserialize

    return deserialize(cell) if isinstance(cell, Mapping) else cell


def _through(
    cell: Any, x: Tensor, first: list[Tensor], mask: Any, training: bool, backwards: bool
) -> Steps:
    """All outputs of one cell, and its last states."""
    cell.ensure_built((None, *x.shape[2:]))
    with running_in(cell):
        if not first and begins_by_itself(cell):
            first = first_states(cell, x)
        if is_whole(cell):
            steps: Steps = cell.sequence(x, first, mask, training, backwards)
            return steps
        return unrolled(cell, x, first, mask, training, backwards)


def _adopt_in(cell: Any) -> None:
    """Have a cell own the weights of the layers and cells that it is made of."""
    if isinstance(cell, StackedRNNCells):
        for inner in cell.cells:
            _adopt_in(inner)
    if not is_whole(cell):
        cell._adopt(vars(cell).values())
