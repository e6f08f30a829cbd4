"""Shapes as users ask for them, and tensors of one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa.graph.symbol import Symbol
from brasa.ops.arguments import number, whole
from brasa.ops.dispatch import Tensor, floats, lifted
from brasa.ops.elementwise import scale


def shape(x: Any) -> tuple[int | None, ...]:
    """The extents of an array or a tensor, as ``x.shape``.

    In the ``call`` of a layer all are numbers, the batch too. Of the output of a layer, before the
    model runs, those that are not known yet are None.

    >>> from brasa import ops
    >>> ops.shape([[1.0, 2.0]])
    (1, 2)
    """
    return tuple(x.shape if hasattr(x, "shape") else np.shape(x))


def zeros_like(x: Tensor) -> Tensor:
    """Zeros in the shape of x.

    >>> from brasa import ops
    >>> ops.zeros_like([1.0, 2.0])
    array([0., 0.], dtype=float32)
    """
    return _filled("zeros_like", x, 0.0)


def ones_like(x: Tensor) -> Tensor:
    """Ones in the shape of x: labels of the real ones, say, in the loss of a GAN.

    >>> from brasa import ops
    >>> ops.ones_like([1.0, 2.0])
    array([1., 1.], dtype=float32)
    """
    return _filled("ones_like", x, 1.0)


def full_like(x: Tensor, fill_value: float) -> Tensor:
    """That number in the shape of x.

    >>> from brasa import ops
    >>> ops.full_like([1.0, 2.0], 3)
    array([3., 3.], dtype=float32)
    """
    return _filled("full_like", x, number("full_like", "fill_value", fill_value))


def _filled(op: str, x: Tensor, value: float) -> Tensor:
    x = lifted(x)
    if isinstance(x, Symbol):
        zeros = x.graph.zeros(x.shape)
        return scale(zeros, 1.0, value) if value else zeros
    extent = shape(x)
    if None in extent:
        floats(op, "x", x)  # says that there are no values yet
    return np.full(extent, value, np.float32)


def extents(op: str, value: Any) -> tuple[int, ...]:
    """A shape, or one extent, as whole numbers of at least 0; errors say what else came."""
    entries = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if any(entry is None for entry in entries):
        raise TypeError(
            f"{op}: shape is {entries}, and the batch is not known before the model runs: call it "
            "in the call() of a layer of your own, where ops.shape(x) has numbers alone"
        )
    numbers = tuple(whole(op, "shape", entry) for entry in entries)
    if any(number < 0 for number in numbers):
        raise ValueError(f"{op}: shape must be of numbers >= 0, got {numbers}")
    return numbers
