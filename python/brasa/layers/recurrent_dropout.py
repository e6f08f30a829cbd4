"""Dropout over time: what is lost at one step is lost at all (Gal and Ghahramani, 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brasa import ops
from brasa.layers.dropout import Dropout, ones_of_features
from brasa.layers.over_time import for_rows
from brasa.layers.time import RepeatVector
from brasa.ops.dispatch import Tensor

if TYPE_CHECKING:
    from brasa.layers.over_time import Steps
    from brasa.layers.recurrent import Recurrent


def thinned(x: Tensor, dropout: Dropout) -> Tensor:
    """The sequence x (N, T, D) without some features."""
    kept = dropout(ones_of_features(x), training=True)
    return ops.multiply(x, ops.reshape(kept, (x.shape[0], 1, x.shape[2])))


def one_by_one(
    layer: Recurrent,
    x: Tensor,
    states: list[Tensor],
    mask: Any,
    is_thinned: bool,
    backwards: bool,
) -> Steps:
    """The steps as op calls of their own: what enters the recurrent product may lose some units."""
    N, T = int(x.shape[0]), int(x.shape[1])
    zeros = ops.scale(ones_of_features(ops.slice(x, 2, 0, 1)), 0.0)
    if not states:
        blank = ops.reshape(RepeatVector(layer.units).call(zeros), (N, layer.units))
        states = [blank] * layer.state_count
    kept = None
    if is_thinned:
        kept = layer.recurrent_dropout(ops.scale(states[0], 0.0, 1.0), training=True)
    outputs = []
    for step in range(T):
        t = T - 1 - step if backwards else step
        fresh = layer.thinned_step(ops.slice(x, 1, t, 1), states, kept)
        if mask is not None:
            valid = ops.slice(mask, 1, t, 1)
            fresh = [chosen(valid, new, old) for new, old in zip(fresh, states, strict=True)]
        states = fresh
        outputs.append(ops.reshape(states[0], (N, 1, layer.units)))
    return joined(outputs[::-1] if backwards else outputs), states


def chosen(valid: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """The new state of rows whose step counts, the old one of the others."""
    rows = for_rows(ops.reshape(valid, (valid.shape[0],)), new)
    return ops.add(ops.mask_rows(new, rows), ops.mask_rows(old, ops.scale(rows, -1.0, offset=1.0)))


def joined(parts: list[Tensor]) -> Tensor:
    # Sixteen at a time: what one concatenation takes.
    while len(parts) > 1:
        parts = [
            ops.concatenate(parts[i : i + 16], axis=1) if len(parts[i : i + 16]) > 1 else parts[i]
            for i in range(0, len(parts), 16)
        ]
    return parts[0]
