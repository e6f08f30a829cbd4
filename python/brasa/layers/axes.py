"""Axes that are normalized, brought to the end, where the kernels take them, and back."""

from __future__ import annotations

from collections.abc import Sequence

from brasa import ops
from brasa.ops.dispatch import Tensor


def counted(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """The axes from the front, in order; ValueError unless each is one of a sample, named once.

    >>> counted([-1, 1], 4)
    (1, 3)
    """
    found = sorted(axis + rank if axis < 0 else axis for axis in axes)
    if not found or len(set(found)) < len(found) or found[0] < 0 or found[-1] >= rank:
        raise ValueError(
            f"axis must name each axis once, from {-rank} to {rank - 1}, got {list(axes)}"
        )
    if found[0] == 0:
        raise ValueError("the samples of a batch, axis 0, are normalized each for itself")
    return tuple(found)


def to_the_end(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """x with these axes last, the others before them in their order."""
    order = _order(len(x.shape), axes)
    return x if order == sorted(order) else ops.transpose(x, order)


def back(y: Tensor, axes: tuple[int, ...]) -> Tensor:
    """What ``to_the_end`` gave, with the axes where they came from."""
    order = _order(len(y.shape), axes)
    if order == sorted(order):
        return y
    return ops.transpose(y, [order.index(axis) for axis in range(len(order))])


def _order(rank: int, axes: tuple[int, ...]) -> list[int]:
    return [*(axis for axis in range(rank) if axis not in axes), *axes]
