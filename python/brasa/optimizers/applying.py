"""Steps by gradients that come as arrays: for loops of one's own, outside of any plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from brasa import ops
from brasa.arrays import FloatArray, to_array, to_float32
from brasa.ops.dispatch import run
from brasa.optimizers.held import Slots
from brasa.optimizers.phase import AVERAGE, GATHERED, Phase
from brasa.parameter import Parameter, constrained

if TYPE_CHECKING:
    from brasa.optimizers.base import Optimizer

# The norm over all gradients is summed as over a model's buffer, where each begins a cache line.
_FLOATS = 16


def apply_step(optimizer: Optimizer, gradients: Sequence[Any], weights: Sequence[Any]) -> None:
    """One step of the optimizer; all arguments are checked before the first weight changes."""
    arrays = _checked(f"{type(optimizer).__name__}.apply", list(gradients), list(weights))
    bound = [weight for weight in weights if weight.constraint is not None]
    for weight in bound:
        constrained(weight, weight.numpy())  # one that does not fit says so before the step
    slots = [optimizer.remembered(weight) for weight in weights]
    phase = Phase() if optimizer.phase is None else optimizer.phase
    if phase.gathers:
        arrays = _gathered(arrays, _named(optimizer, GATHERED, slots), phase)
    if phase.updates:
        _update(optimizer, arrays, weights, slots)
    if phase.momentum is not None:
        _average(weights, _named(optimizer, AVERAGE, slots), phase, phase.momentum)
    for weight in bound:
        weight.assign(constrained(weight, weight.numpy()))
    optimizer.count_step()


def _update(
    optimizer: Optimizer,
    gradients: list[FloatArray],
    weights: Sequence[Parameter],
    slots: list[Slots],
) -> None:
    """The op of the optimizer, for each weight."""
    spared = optimizer.spared(weights) if optimizer.weight_decay else set()
    hyper, count = np.array(optimizer.hyper(), np.float64), len(optimizer.slots)
    clipped = _clipped(gradients, optimizer.clipping)
    for weight, gradient, own in zip(weights, clipped, slots, strict=True):
        attributes = optimizer.attributes()
        if optimizer.weight_decay and weight not in spared:
            attributes["weight_decay"] = optimizer.weight_decay
        spans = tuple(array.reshape(-1) for array in (weight.to_write(), *own[:count]))
        run(optimizer.op, [gradient.reshape(-1), hyper], attributes, spans)


def _gathered(
    gradients: list[FloatArray], kept: list[FloatArray], phase: Phase
) -> list[FloatArray]:
    """The mean over the batches where these are the last of them; else they are added to the kept.

    With the roundings of a plan: a sum, then a product.
    """
    if not phase.updates:
        for gradient, before in zip(gradients, kept, strict=True):
            np.add(before, gradient, out=before)
        return gradients
    share = np.float32(1 / phase.gathers)
    means = [(gradient + before) * share for gradient, before in zip(gradients, kept, strict=True)]
    for before in kept:
        before[...] = 0
    return means


def _average(
    weights: Sequence[Parameter], averages: list[FloatArray], phase: Phase, momentum: float
) -> None:
    """Move the averages towards the weights, or set them to these; and the other way round."""
    for weight, average in zip(weights, averages, strict=True):
        if momentum:
            run("moving_average", [weight.value], {"momentum": momentum}, (average,))
        else:
            average[...] = weight.value
        if phase.overwrites:
            weight.assign(average)


def _named(optimizer: Optimizer, name: str, slots: list[Slots]) -> list[FloatArray]:
    """One of the buffers, of each weight."""
    place = optimizer.buffers.index(name)
    return [own[place] for own in slots]


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
