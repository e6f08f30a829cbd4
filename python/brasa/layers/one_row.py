"""Sequences (N, T, C) as images of one row (N, 1, T, C): what the 1-D layers give to the 2-D ops.

The same memory under another shape: a plan does nothing for it.
"""

from __future__ import annotations

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


def as_row(x: Tensor) -> Tensor:
    """A sequence as an image of one row: the one that it came from, if there is one.

    The passes then see neighbours where layers follow each other.
    """
    n, t, c = x.shape
    if isinstance(x, Symbol) and x.node is not None and x.node.op == "reshape":
        (image,) = x.node.inputs
        if image is not None and image.shape == (n, 1, t, c):
            return image
    return ops.reshape(x, (n, 1, t, c))


def from_row(y: Tensor) -> Tensor:
    """An image of one row as a sequence."""
    n, _, t, c = y.shape
    return ops.reshape(y, (n, t, c))


def reshaped(weight: Parameter, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A weight under another shape, as the ops take it beside x."""
    if isinstance(x, Symbol):
        return x.graph.view(x.graph.source(weight, weight.shape), shape)
    return ops.reshape(weight.value, shape)
