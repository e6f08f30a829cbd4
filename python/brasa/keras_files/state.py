"""What an optimizer remembers, as Keras's files have it: ``optimizer/vars/0``, ``1``, ...

The first is the number of steps, the next the learning rate where that is no schedule; then what is
kept for each weight that trains, in the order of the weights: averages and gathered gradients where
there are such, and the slots of the optimizer's own. Slots of one pair go side by side:
``m`` and ``v`` of the first weight, ``m`` and ``v`` of the second.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa.errors import FormatError
from brasa.layers.base import Layer
from brasa.parameter import Parameter

from . import hdf5
from .order import parts_in_order

if TYPE_CHECKING:
    from brasa.model import Model

GROUP = "optimizer/vars"

# Those that keep the same there. Nadam has a product of its own there.
_ALIKE = frozenset(
    {"Ftrl", "Lamb", "SGD", "Adam", "AdamW", "Adamax", "Adagrad", "Adadelta", "Lion", "RMSprop"}
)


def restore_state(model: Model, path: Any, data: bytes) -> None:
    """Have the optimizer go on from the file; a warning where that is of another kind."""
    if model.objective is None:
        return
    try:
        with hdf5.opened(io.BytesIO(data), "load_model") as arrays:
            found = [name for name in arrays if name.startswith(f"{GROUP}/")]
            slots = list(_slots(model, _trained(model)))
            if not found or (slots and len(found) <= _first(model)):
                return  # it did not make a step
            state = _checked(arrays, len(found), model, slots)
    except FormatError as error:
        warnings.warn(
            f"{path}: the state of the optimizer is left out, which begins anew: {error}",
            UserWarning,
            stacklevel=5,
        )
        return
    model.optimizer.steps = int(state[0])
    for (slot, parameter), values in zip(slots, state[1:], strict=True):
        model.store.set_slot(slot, parameter, np.asarray(values, np.float32))


def state_of(model: Model) -> dict[str, NDArray[Any]]:
    """The arrays of the group; {} where Keras keeps other things, or would train other weights."""
    name = "" if model.objective is None else type(model.optimizer).__name__
    if name not in _ALIKE or set(model.store.trainable) != set(model.network.trainable):
        return {}
    optimizer = model.optimizer
    arrays: list[NDArray[Any]] = [np.array(optimizer.steps, np.int32)]
    if _first(model) == 2:
        arrays.append(np.array(optimizer.learning_rate, np.float32))
    slots = _slots(model, model.network.trainable)
    arrays += [np.array(model.store.view(model.store.slots[slot], p)) for slot, p in slots]
    return {str(index): array for index, array in enumerate(arrays)}


def _first(model: Model) -> int:
    """Where the slots begin."""
    rate = model.optimizer.get_config()["learning_rate"]
    return 1 if isinstance(rate, dict) else 2


def _slots(model: Model, trained: list[Parameter]) -> Iterator[tuple[str, Parameter]]:
    """Slot and weight of each array, in order; FormatError where Keras keeps other things."""
    name = type(model.optimizer).__name__
    if name not in _ALIKE:
        raise FormatError(f"what {name} keeps is not the same there")
    for group in model.optimizer.buffer_groups:
        yield from ((slot, parameter) for parameter in trained for slot in group)


def _checked(
    arrays: hdf5.Arrays, count: int, model: Model, slots: list[tuple[str, Parameter]]
) -> list[NDArray[Any]]:
    """The number of steps and all slots; FormatError unless number and shapes are those here."""
    first = _first(model)
    if count != first + len(slots):
        raise FormatError(f"{count} arrays in {GROUP}, wanted {first + len(slots)}")
    wanted = {f"{GROUP}/{first + i}": p.shape for i, (_, p) in enumerate(slots)}
    for name, shape in {f"{GROUP}/0": (), **wanted}.items():
        if name not in arrays or arrays.shape(name) != shape:
            got = arrays.shape(name) if name in arrays else "nothing"
            raise FormatError(f"{name} must have the shape {shape}, got {got}")
    state = [arrays.read(name) for name in (f"{GROUP}/0", *wanted)]
    if state[0].dtype.kind not in "iu" or state[0] < 0:
        raise FormatError(f"{GROUP}/0 must be the number of steps, got {state[0]}")
    return state


def _trained(model: Model) -> list[Parameter]:
    """The weights that train, layer by layer as Keras has them in models within models."""
    trained = [p for layer in _layers(model) for p in layer.trainable_weights]
    return list(dict.fromkeys(trained))


def _layers(model: Any) -> Iterator[Layer]:
    is_stack = hasattr(model, "_stack")
    for part in model.parts if is_stack else parts_in_order(model.network):
        if isinstance(part, Layer):
            yield part
        else:
            yield from _layers(part)
