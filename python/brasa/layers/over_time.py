"""What layers share that go through a sequence step by step: masks, states, the order of steps."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.layers.arguments import flag
from brasa.layers.initial_states import TakesStates, check_states, parted
from brasa.ops.dispatch import Tensor

# What comes of a sequence: every output, and the states after the last step.
Steps = tuple[Tensor, list[Tensor]]


def for_rows(mask: Tensor, x: Tensor) -> Tensor:
    """A mask of the first axes of x as one of all its rows (..., C)."""
    rows, axes = tuple(x.shape[:-1]), len(mask.shape)
    if axes >= len(rows):
        return mask
    return ops.broadcast_to(ops.reshape(mask, (*mask.shape, *[1] * (len(rows) - axes))), rows)


class OverTime(TakesStates):
    """Base of the recurrent layers.

    Args:
        zero_output_for_mask: Outputs of masked steps are 0. Default False: the outputs before.
        unroll, use_cudnn, implementation: Keras's, for how it runs; what a plan does decides brasa.
        **options: name, trainable, input_shape.
    """

    state_count: int
    """How many states go from step to step."""

    def __init__(
        self,
        *,
        zero_output_for_mask: bool = False,
        unroll: bool = False,
        use_cudnn: bool | str = "auto",
        implementation: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        own = type(self).__name__
        self.zero_output_for_mask = flag(own, "zero_output_for_mask", zero_output_for_mask)
        flag(own, "unroll", unroll)
        for name, value, taken in (
            ("use_cudnn", use_cudnn, ("auto", True, False)),
            ("implementation", implementation, (None, 0, 1, 2)),
        ):
            if value not in taken:
                raise ValueError(f"{own}: {name} must be one of {taken}, got {value!r}")

    def _take_order(
        self, return_sequences: bool, return_state: bool, go_backwards: bool, stateful: bool
    ) -> None:
        own = type(self).__name__
        self.return_sequences = flag(own, "return_sequences", return_sequences)
        self.return_state = flag(own, "return_state", return_state)
        self.go_backwards = flag(own, "go_backwards", go_backwards)
        self.stateful = flag(own, "stateful", stateful)
        # For each batch size and state, what is kept between batches; plans write into it.
        self.states: dict[Any, Any] = {}
        self.state_batch: int | None = None

    def _order_config(self) -> dict[str, bool]:
        zero = {"zero_output_for_mask": True} if self.zero_output_for_mask else {}
        return zero | {
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
        }

    def config_of_another(self) -> dict[str, Any]:
        """What ``from_config`` makes a second layer of, with weights of its own."""
        return self.get_config()

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        """The shape of each state of one sequence."""
        raise NotImplementedError(f"{type(self).__name__} does not define state_shapes")

    def sequence(
        self, x: Tensor, first: list[Tensor], mask: Any, training: bool, backwards: bool
    ) -> Steps:
        """All outputs, ``y[:, t]`` that of ``x[:, t]`` in either direction, and the last states."""
        raise NotImplementedError(f"{type(self).__name__} does not define sequence()")

    def last(self, y: Tensor, states: list[Tensor]) -> Tensor:
        """The output of the step that is read last, from all outputs and the states after it."""
        raise NotImplementedError(f"{type(self).__name__} does not define last()")

    def call(self, x: Any, training: bool = False, mask: Any = None) -> Any:
        x, first, mask = parted(x, mask)
        if first:
            check_states(self, len(first))
        y, states = self.run(x, first, mask, training)
        y = self.outcome(y, states, mask)
        if self.return_sequences and self.go_backwards:
            y = ops.flip(y, axis=1)
        return [y, *states] if self.return_state else y

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        if mask is not None and self.go_backwards:
            mask = ops.reshape(ops.flip(ops.reshape(mask, (*mask.shape, 1)), 1), mask.shape)
        mask = mask if self.return_sequences else None
        return [mask, *[None] * self.state_count] if self.return_state else mask

    def run(self, x: Tensor, first: list[Tensor], mask: Any, training: bool) -> Steps:
        """``sequence`` from the states given, or those that were kept, or zeros."""
        keeps = self.stateful and isinstance(x, Symbol)
        if keeps and not first:
            shapes = [(x.shape[0], *shape) for shape in self.state_shapes]
            first = [x.graph.state(self, i, shape) for i, shape in enumerate(shapes)]
        y, states = self.sequence(x, first, mask, training, self.go_backwards)
        if keeps:
            for i, state in enumerate(states):
                x.graph.keep_state(self, i, state)
        return y, states

    def outcome(self, y: Tensor, states: list[Tensor], mask: Any) -> Tensor:
        """All outputs, or that of the step that is read last; 0 for masked ones where asked for."""
        zero = self.zero_output_for_mask and mask is not None
        if self.return_sequences:
            return ops.mask_rows(y, for_rows(mask, y)) if zero else y
        last = self.last(y, states)
        if not zero:
            return last
        step = 0 if self.go_backwards else mask.shape[1] - 1
        counts = ops.reshape(ops.slice(mask, 1, step, 1), (mask.shape[0],))
        return ops.mask_rows(last, for_rows(counts, last))

    def reset_states(self) -> None:
        """Begin again from zeros: the next batch may have another size."""
        for state in self.states.values():
            state.fill(0)
        self.state_batch = None

    def reset_state(self) -> None:
        """The same, as Keras 3 calls it."""
        self.reset_states()
