"""Steps by gradients that come as arrays: for loops of one's own, outside of any plan."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from brasa import ops
from brasa.arrays import FloatArray, to_array, to_float32
from brasa.ops.dispatch import run
from brasa.parameter import Parameter, constrained

if TYPE_CHECKING:
    from brasa.optimizers.base import Optimizer
    from brasa.optimizers.held import Slots

# The norm over all gradients is summed as over a model's buffer, where each begins a cache line.
_FLOATS = 16


def apply_step(optimizer: Optimizer, gradients: Sequence[Any], weights: Sequence[Any]) -> None:
    """One step of the optimizer; all arguments are checked before the first weight changes."""
    arrays = _checked(f"{type(optimizer).__name__}.apply", list(gradients), list(weights))
    bound = [weight for weight in weights if weight.constraint is not None]
    for weight in bound:
        constrained(weight, weight.numpy())  # one that does not fit says so before the step
    holder = optimizer.holder()  # its model, if it has one, remembers
    has_slots = holder is not None and holder.built
    remembered = holder._slots_of if holder and has_slots else partial(_slots_of, optimizer)
    slots = [remembered(weight) for weight in weights]
    spared = optimizer.spared(weights) if optimizer.weight_decay else set()
    hyper = np.array(optimizer.hyper(), np.float64)
    clipped = _clipped(arrays, optimizer.clipping)
    for weight, gradient, own in zip(weights, clipped, slots, strict=True):
        attributes = optimizer.attributes()
        if optimizer.weight_decay and weight not in spared:
            attributes["weight_decay"] = optimizer.weight_decay
        spans = tuple(array.reshape(-1) for array in (weight.to_write(), *own))
        run(optimizer.op, [gradient.reshape(-1), hyper], attributes, spans)
    for weight in bound:
        weight.assign(constrained(weight, weight.numpy()))
    optimizer.count_step()


def _checked(own: str, gradients: list[Any], weights: list[Any]) -> list[FloatArray]:
    if len(gradients) != len(weights):
        raise ValueError(f"{own}: there are {len(gradients)} gradients of {len(weights)} weights")
    if not weights:
        raise ValueError(f"{own}: there are no weights")
    arrays = []
    for gradient, weight in zip(gradients, weights, strict=True):
        if not isinstance(weight, Parameter):
            raise TypeError(f"{own}: wanted weights of layers, got {type(weight).__name__}")
        name = f"the gradient of {weight.name!r}"
        array = to_float32(own, name, to_array(own, name, gradient))
        if array.shape != weight.shape:
            raise ValueError(f"{own}: {name} must have the shape {weight.shape}: {array.shape}")
        arrays.append(array)
    if len(set(weights)) < len(weights):
        raise ValueError(f"{own}: a weight comes twice: add its gradients")
    return arrays


def _slots_of(optimizer: Optimizer, weight: Parameter) -> Slots:
    """What the optimizer remembers of the weight by itself."""
    memory, first = optimizer.memory(), optimizer.first_values
    if weight not in memory:
        memory[weight] = tuple(
            np.full(weight.shape, first.get(name, 0.0), np.float32) for name in optimizer.slots
        )
    return memory[weight]


def _clipped(gradients: list[FloatArray], limits: dict[str, float]) -> list[FloatArray]:
    if not limits:
        return gradients
    ((name, limit),) = limits.items()
    if name == "clipvalue":
        return [ops.clip_value(gradient, limit) for gradient in gradients]
    if name == "clipnorm":
        return [ops.clip_norm(gradient, limit) for gradient in gradients]
    ends = np.cumsum([-(-gradient.size // _FLOATS) * _FLOATS for gradient in gradients])
    starts = [0, *ends[:-1].tolist()]
    flat = np.zeros(ends[-1], np.float32)
    for start, gradient in zip(starts, gradients, strict=True):
        flat[start : start + gradient.size] = gradient.reshape(-1)
    flat = ops.clip_norm(flat, limit)
    return [
        flat[start : start + gradient.size].reshape(gradient.shape)
        for start, gradient in zip(starts, gradients, strict=True)
    ]
