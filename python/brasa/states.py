"""What stateful layers keep from batch to batch: the buffers, and whose sequences are in them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from brasa.buffers import Buffer

if TYPE_CHECKING:
    from brasa.graph.lower import CompiledPlan


def state_buffers(plan: CompiledPlan, device: str) -> dict[str, Buffer]:
    """The buffers in which layers keep what a plan reads and writes of them, by segment."""
    buffers: dict[str, Buffer] = {}
    for state, name, shape in plan.states:
        states = state.owner.states
        key = state.index, shape
        if key not in states:
            states[key] = Buffer(math.prod(shape), device=device)
        states[key].move(device)
        buffers[name] = states[key]
    return buffers


def check_states(plan: CompiledPlan, *, stays: bool = False) -> None:
    """A batch goes on where the one before ended: ValueError if that had another size.

    The layers then wait for more of that size, unless ``stays`` says that the plan writes
    copies of their states.
    """
    for state, _, shape in plan.states:  # all are checked before one changes
        layer = state.owner
        if layer.state_batch not in (None, shape[0]):
            raise ValueError(
                f"the stateful layer {layer.name!r} holds the states of {layer.state_batch} "
                f"sequences, got a batch of {shape[0]}: call reset_states() before, and choose "
                "a batch_size that divides the number of samples"
            )
    for state, _, shape in () if stays else plan.states:
        if state.owner.state_batch is None:
            state.owner.state_batch = shape[0]
