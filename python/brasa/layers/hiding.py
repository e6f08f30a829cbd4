"""Which keys a query may look at: masks of steps and causal ones, as what is added to scores."""

from __future__ import annotations

from brasa import ops
from brasa.ops.choosing import triangle
from brasa.ops.dispatch import Tensor

# What Keras takes from the scores of padding: softmax leaves exactly 0 of them.
_FAR_BELOW = 1e9


def hidden(scores: Tensor, *kept: Tensor | None) -> Tensor:
    """The scores (..., T, S), far below all others where any of the masks is 0; None for no mask.

    The masks hold 1 and 0 and broadcast to the scores. Queries that see nothing see all alike.
    """
    masks = [mask for mask in kept if mask is not None]
    if not masks:
        return scores
    both = masks[0]
    for mask in masks[1:]:
        both = ops.multiply(both, mask)
    return ops.add(scores, ops.scale(both, _FAR_BELOW, -_FAR_BELOW))


def of_keys(mask: Tensor | None) -> Tensor | None:
    """The mask (N, S) of the keys beside scores (N, T, S)."""
    return None if mask is None else ops.expand_dims(mask, 1)


def earlier(scores: Tensor) -> Tensor:
    """(T, S): 1 for the keys up to the query's own step. It follows from the shapes alone."""
    rows, columns = scores.shape[-2:]
    return triangle(scores, rows, columns)
