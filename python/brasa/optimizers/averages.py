"""Averages of weights, and the weights: one takes the place of the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from brasa.arrays import FloatArray
from brasa.optimizers.phase import AVERAGE
from brasa.parameter import Parameter

if TYPE_CHECKING:
    from brasa.optimizers.base import Optimizer


def finalize(optimizer: Optimizer, weights: Iterable[Any] | None) -> None:
    """Set weights to their averages; nothing where the optimizer has none.

    Where they have changed places the weights are right, and the averages follow.
    """
    for weight, average in _averages(optimizer, "finalize_variable_values", weights):
        if optimizer.is_swapped:
            average[...] = weight.value
        else:
            weight.assign(average)


def exchange(optimizer: Optimizer) -> None:
    """Have weights and averages change places."""
    for weight, average in _averages(optimizer, "swap_averages", None):
        before = weight.numpy()
        weight.assign(average)
        average[...] = before


def _averages(
    optimizer: Optimizer, method: str, weights: Iterable[Any] | None
) -> list[tuple[Parameter, FloatArray]]:
    """The weights with their averages, to be written; ValueError for one without."""
    own = f"{type(optimizer).__name__}.{method}"
    if not optimizer.use_ema:
        return []
    known = optimizer.trained()
    chosen = known if weights is None else list(weights)
    for weight in chosen:
        if not isinstance(weight, Parameter):
            raise TypeError(f"{own}: wanted weights of layers, got {type(weight).__name__}")
        if weight not in known:
            raise ValueError(f"{own}: there is no average of {weight.name!r}, which it never saw")
    place = optimizer.buffers.index(AVERAGE)
    return [(weight, optimizer.remembered(weight)[place]) for weight in chosen]
