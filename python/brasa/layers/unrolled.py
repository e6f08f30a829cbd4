"""Recurrence step by step, each the ops of a cell's ``call``."""

from __future__ import annotations

import inspect
from typing import Any

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.layers.cells import zeros_for
from brasa.layers.first_states import shapes_of
from brasa.layers.over_time import Steps
from brasa.layers.recurrent_dropout import chosen, joined
from brasa.ops.dispatch import Tensor


def unrolled(
    cell: Any, x: Tensor, first: list[Tensor], mask: Any, training: bool, backwards: bool
) -> Steps:
    """All outputs of a cell, and its last states; masked steps repeat those before."""
    N, T = int(x.shape[0]), int(x.shape[1])
    if not T:
        raise ValueError(f"RNN: the cell {cell.name!r} has to make a step, got no steps")
    states = first or [zeros_for(x, (N, *shape)) for shape in shapes_of(cell)]
    takes_training = "training" in inspect.signature(cell.call).parameters
    options = {"training": training} if takes_training else {}
    outputs: list[Tensor] = []
    # For shapes alone one step does: an open length is a large number there.
    for_shapes = isinstance(x, Symbol) and x.graph.for_shapes
    for step in range(1 if for_shapes else T):
        t = T - 1 - step if backwards else step
        now = ops.reshape(ops.slice(x, 1, t, 1), (N, *x.shape[2:]))
        y, fresh = _checked(cell, cell.call(now, states, **options), len(states))
        if mask is not None:
            valid = ops.slice(mask, 1, t, 1)
            before = outputs[-1] if outputs else zeros_for(x, tuple(y.shape))
            y = chosen(valid, y, before)
            fresh = [chosen(valid, new, old) for new, old in zip(fresh, states, strict=True)]
        states = fresh
        outputs.append(y)
    each = [ops.reshape(y, (N, 1, *y.shape[1:])) for y in outputs]
    if for_shapes:
        return ops.broadcast_to(each[0], (N, T, *each[0].shape[2:])), states
    return joined(each[::-1] if backwards else each), states


def _checked(cell: Any, result: Any, count: int) -> Steps:
    """What a step gave: the output and a list of as many states as there were."""
    if not isinstance(result, (list, tuple)) or len(result) != 2:
        raise TypeError(f"RNN: the cell {cell.name!r} must return (output, states)")
    y, states = result
    states = list(states) if isinstance(states, (list, tuple)) else [states]
    if len(states) != count:
        raise ValueError(
            f"RNN: the cell {cell.name!r} must return {count} states, as many as state_size says, "
            f"got {len(states)}"
        )
    return y, states
