"""The operands that the recurrent ops share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from brasa.arrays import to_array
from brasa.graph.symbol import Symbol
from brasa.ops.dispatch import Tensor, floats, optional_floats, where_it_lies
from brasa.there import lies_there

Named = Sequence[tuple[str, Tensor]]


def forward_operands(op: str, needed: Named, rest: Sequence[Any], mask: Any) -> list[Any]:
    """Operands that must be there, then b and the first states, then the mask."""
    operands = [floats(op, name, value) for name, value in needed]
    for name, value in zip(("b", "h0", "c0"), rest, strict=False):
        operands.append(optional_floats(op, name, value))
    return [*operands, _mask(op, mask)]


def backward_operands(op: str, slopes: Named, needed: Named, mask: Any) -> list[Any]:
    """Gradients, each of which may be None, then operands that must be there, then the mask."""
    operands = [optional_floats(op, name, value) for name, value in slopes]
    operands += [floats(op, name, value) for name, value in needed]
    return [*operands, _mask(op, mask)]


def steps(op: str, go_backwards: Any, training: Any = None) -> dict[str, Any]:
    """The attributes that say how the steps are taken."""
    attributes = flag(op, "go_backwards", go_backwards)
    return attributes if training is None else attributes | flag(op, "training", training)


def flag(op: str, name: str, value: Any) -> dict[str, Any]:
    """An attribute that is true or false; TypeError for anything else."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{op}: {name} must be True or False, got {value!r}")
    return {name: int(value)}


def _mask(op: str, mask: Any) -> Any:
    if mask is None or isinstance(mask, Symbol):
        return mask
    mask = where_it_lies(op, "mask", mask)
    values = mask.numpy() if lies_there(mask) else to_array(op, "mask", mask)
    return np.ascontiguousarray(values != 0, np.float32)
