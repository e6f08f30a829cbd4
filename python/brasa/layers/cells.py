"""One step of the recurrent layers, as layers of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa import ops
from brasa.layers.gru import GRU
from brasa.layers.initial_states import parted, with_states
from brasa.layers.lstm import LSTM
from brasa.layers.recurrent import Recurrent
from brasa.layers.simple_rnn import SimpleRNN
from brasa.ops.dispatch import Tensor

# What a layer over time is asked, and a cell is not.
_ORDER = (
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "zero_output_for_mask",
    "unroll",
)


class Cell(Recurrent):
    """What the three cells are beside the layers of which they do a step."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        for name in _ORDER:
            if name in options:
                raise TypeError(f"{type(self).__name__}: {name} is an argument of layers.RNN")
        super().__init__(*arguments, **options)

    @property
    def state_size(self) -> int | list[int]:
        """The size of the state, or a list of those of all."""
        sizes = [self.units] * self.state_count
        return sizes if self.state_count > 1 else self.units

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self.units

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """Zeros for each state."""
        shape = (batch_size, self.units)
        return [np.zeros(shape, np.float32) for _ in range(self.state_count)]

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        if len(input_shape) != 2:
            raise ValueError(f"expected one step (N, D), got rank {len(input_shape)}")
        super().build((input_shape[0], None, input_shape[1]))

    def __call__(  # type: ignore[override]
        self, inputs: Any, states: Any = None, training: bool | None = None
    ) -> Any:
        """``output, states`` after a step; without ``states`` a list goes in, and one comes out."""
        result = super().__call__(with_states(inputs, states), training=training)
        return result if states is None else (result[0], list(result[1:]))

    def call(  # type: ignore[override]
        self, x: Any, states: Any = None, training: bool = False, mask: Any = None
    ) -> Any:
        """A step, as ``__call__`` says; subclasses may have ``call(inputs, states)``."""
        if states is not None:
            y, *after = Cell.call(self, with_states(x, states), None, training)
            return y, after
        x, first, _ = parted(x, mask)
        if len(first) != self.state_count:
            raise ValueError(
                f"{type(self).__name__}: takes a step and {self.state_count} states, "
                f"got {len(first)}"
            )
        sequence = ops.reshape(x, (x.shape[0], 1, x.shape[1]))
        _, states = self.sequence(sequence, first, None, training, False)
        return [states[0], *states]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return [None] * (1 + self.state_count)

    def get_config(self) -> dict[str, Any]:
        return {k: value for k, value in super().get_config().items() if k not in _ORDER}


class LSTMCell(Cell, LSTM):
    """One step of :class:`LSTM`: ``y, [h, c] = cell(x, [h, c])``, for ``layers.RNN`` or by itself.

    Shapes:
        x (N, D), h, c and y (N, units); weights as for LSTM

    Args:
        *arguments: As for LSTM, but for return_sequences, return_state, go_backwards and stateful,
            which ``layers.RNN`` has.
        **options: Likewise.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> cell = layers.LSTMCell(4)
    >>> y, states = cell(np.ones((2, 3), np.float32), cell.get_initial_state(2))
    >>> y.shape, len(states)
    ((2, 4), 2)
    """


class GRUCell(Cell, GRU):
    """One step of :class:`GRU`: ``y, [h] = cell(x, [h])``; see LSTMCell.

    >>> import numpy as np
    >>> from brasa import layers
    >>> cell = layers.GRUCell(4)
    >>> cell(np.ones((2, 3), np.float32), cell.get_initial_state(2))[0].shape
    (2, 4)
    """


class SimpleRNNCell(Cell, SimpleRNN):
    """One step of :class:`SimpleRNN`: ``y, [h] = cell(x, [h])``; see LSTMCell.

    >>> import numpy as np
    >>> from brasa import layers
    >>> cell = layers.SimpleRNNCell(4)
    >>> cell(np.ones((2, 3), np.float32), cell.get_initial_state(2))[0].shape
    (2, 4)
    """


def is_whole(cell: Any) -> bool:
    """Whether one op does all its steps: not where a subclass says by itself what a step is."""
    return isinstance(cell, Cell) and type(cell).call is Cell.call


def zeros_for(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Zeros beside x: of its graph, where it is a symbol."""
    return x.graph.zeros(shape) if hasattr(x, "graph") else np.zeros(shape, np.float32)
