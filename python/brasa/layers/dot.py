"""Products of vectors, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from brasa import ops
from brasa.layers.arguments import flag
from brasa.layers.base import Layer
from brasa.layers.unit_normalization import unit_length
from brasa.ops.arguments import whole
from brasa.ops.dispatch import Tensor, floats

# Keras's epsilon: shorter vectors are divided by it.
_SHORTEST = 1e-7


class Dot(Layer):
    """The products of two inputs summed over one axis of each: ``y = sum_d x0[.., d] x1[.., d]``.

    Attention's scores of queries (N, T, D) and keys (N, S, D) are ``Dot(axes=-1)``, (N, T, S).

    Shapes:
        x0 (N, ..., D, ...), x1 (N, ..., D, ...), y (N, those left of x0, those left of x1), or
        (N, 1) where none is left

    Args:
        axes: The axis of both, or one for each; not that of the batch.
        normalize: Divide each vector by its length first: y is then the cosine of the angle.
            Default False.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: axes that are no such, not two inputs, or extents that differ. TypeError: axes
            is no whole number nor a pair of such.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Dot(axes=1)([np.float32([[1, 2]]), np.float32([[3, 4]])])
    array([[11.]], dtype=float32)
    """

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.normalize = flag("Dot", "normalize", normalize)
        pair = axes if isinstance(axes, (list, tuple)) else [axes]
        numbers = [whole("Dot", "axes", axis) for axis in pair]
        if 0 in numbers or len(numbers) != (2 if pair is axes else 1):
            raise ValueError(
                f"Dot: axes must be one or two axes that are not the batch, got {axes!r}"
            )
        self.axes = numbers if pair is axes else numbers[0]

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: no axis of the steps is left as it was."""

    def call(self, xs: Any) -> Tensor:
        if not isinstance(xs, (list, tuple)) or len(xs) != 2:
            raise ValueError("Dot: takes a list of 2 inputs")
        inputs = [floats("Dot", f"input {i}", x) for i, x in enumerate(xs)]
        axes = self.axes if isinstance(self.axes, list) else [self.axes] * 2
        at = [_place(x, axis) for x, axis in zip(inputs, axes, strict=True)]
        (x0, x1), (d0, d1) = inputs, at
        if x0.shape[0] != x1.shape[0] or x0.shape[d0] != x1.shape[d1]:
            raise ValueError(
                f"Dot: batch and axes {axes} must have the same extents, got {tuple(x0.shape)} and "
                f"{tuple(x1.shape)}"
            )
        if self.normalize:
            x0, x1 = unit_length(x0, d0, _SHORTEST), unit_length(x1, d1, _SHORTEST)
        (a, a_columns), (b, b_columns) = _matrices(x0, d0), _matrices(x1, d1)
        y = ops.matmul(a, b, transpose_a=a_columns, transpose_b=not b_columns)
        left = [*_left(x0.shape, d0), *_left(x1.shape, d1)]
        return ops.reshape(y, (x0.shape[0], *(left or [1])))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _place(x: Tensor, axis: int) -> int:
    rank = len(x.shape)
    if not axis % max(rank, 1) > 0 or not -rank <= axis < rank:
        raise ValueError(f"Dot: axis {axis} is none of {tuple(x.shape)} beside the batch")
    return axis % rank


def _left(shape: Sequence[int], axis: int) -> list[int]:
    return [extent for i, extent in enumerate(shape) if i not in (0, axis)]


def _matrices(x: Tensor, axis: int) -> tuple[Tensor, bool]:
    """x as (N, rows, D), or, where D comes first, as (N, D, columns); and which."""
    rank, n, d = len(x.shape), x.shape[0], x.shape[axis]
    count = prod(_left(x.shape, axis))
    if axis == 1 and rank > 2:
        return ops.reshape(x, (n, d, count)), True
    if axis != rank - 1:
        x = ops.transpose(x, [i for i in range(rank) if i != axis] + [axis])
    return ops.reshape(x, (n, count, d)), False
