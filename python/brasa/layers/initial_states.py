"""The states before the first step, which a call may give beside the sequence."""

from __future__ import annotations

from typing import Any

from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor


class TakesStates(Layer):
    """Base of the layers that a call may give the states before the first step."""

    def __call__(  # type: ignore[override]
        self,
        inputs: Any,
        training: bool | None = None,
        mask: Any = None,
        *,
        initial_state: Any = None,
        **options: Any,
    ) -> Any:
        """Like any layer; ``initial_state`` is a first state or a list of them, as in the input."""
        return super().__call__(
            with_states(inputs, initial_state), training=training, mask=mask, **options
        )


def check_states(layer: Any, found: int) -> None:
    """ValueError unless there are as many first states as the layer has."""
    if found != layer.state_count:
        raise ValueError(
            f"{type(layer).__name__}: takes a sequence, or a list of it and all first states: "
            f"{layer.state_count}, got {found}"
        )


def with_states(inputs: Any, first: Any) -> Any:
    """One list of a sequence and its first states."""
    if first is None:
        return inputs
    return [inputs, *(first if isinstance(first, (list, tuple)) else [first])]


def parted(x: Any, mask: Any) -> tuple[Tensor, list[Tensor], Any]:
    """The sequence, its first states, and its mask."""
    x, first = (x[0], list(x[1:])) if isinstance(x, (list, tuple)) else (x, [])
    mask = mask[0] if isinstance(mask, (list, tuple)) else mask
    return x, first, mask
