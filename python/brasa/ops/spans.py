"""The arrays that a step of an optimizer updates in place: what they must be, and the step."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa.arrays import FloatArray, is_exact
from brasa.ops.arguments import number
from brasa.ops.dispatch import run


def update(
    op: str,
    gradient: Any,
    updated: dict[str, Any],
    hyper: tuple[float, float],
    attributes: dict[str, Any],
    first: dict[str, float],
) -> None:
    """Run a step of an optimizer, which overwrites the arrays ``updated``.

    ``hyper`` is the learning rate and the number of the step; ``attributes`` are the op's own, and
    ``first`` those that all steps have: weight_decay, l1 and l2.
    """
    gradient, spans = _spans(op, gradient, updated)
    if any(first.values()):
        attributes |= {name: number(op, name, value) for name, value in first.items()}
    run(op, [gradient, np.array(hyper, np.float64)], attributes, spans)


def _flat(op: str, name: str, array: Any) -> FloatArray:
    if is_exact(array):
        exact: FloatArray = array
        return exact
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{op}: {name} must be a NumPy array, got {type(array).__name__}")
    if array.dtype != np.float32 or not array.dtype.isnative:
        raise TypeError(f"{op}: {name} must be float32, got {array.dtype}")
    if not (array.flags.c_contiguous and array.flags.aligned):
        raise ValueError(f"{op}: {name} must be contiguous and aligned to be updated in place")
    return array


def _spans(op: str, gradient: Any, updated: dict[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    """The gradient and what it updates as vectors: of one shape, and apart in memory."""
    g = _flat(op, "g", gradient)
    spans = {name: _flat(op, name, array) for name, array in updated.items()}
    seen = {"g": g}
    for name, span in spans.items():
        if span.shape != g.shape:
            raise ValueError(
                f"{op}: {name} must have the gradient's shape {g.shape}, got {span.shape}"
            )
        if not span.flags.writeable:
            raise ValueError(f"{op}: {name} is read-only and cannot be updated")
        for other_name, other in seen.items():
            if np.may_share_memory(span, other):
                raise ValueError(f"{op}: {name} and {other_name} overlap in memory")
        seen[name] = span
    if g.size == 0:
        raise ValueError(f"{op}: there are no parameters to update")
    return g.reshape(-1), tuple(span.reshape(-1) for span in spans.values())
