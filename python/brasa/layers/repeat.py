"""The same values again and again along an axis."""

from __future__ import annotations

from collections.abc import Sequence

from brasa import ops
from brasa.ops.dispatch import Tensor


def repeat(x: Tensor, axis: int, n: int) -> Tensor:
    """``n`` times x along an axis.

    By doubling: log2(n) joins of two, and one of the powers of two that n is made of.
    """
    block = x
    blocks = [block] if n & 1 else []
    for bit in range(1, n.bit_length()):
        block = ops.concatenate([block, block], axis=axis)
        if n >> bit & 1:
            blocks.append(block)
    return blocks[0] if len(blocks) == 1 else ops.concatenate(blocks, axis=axis)


def spread(x: Tensor, shape: Sequence[int]) -> Tensor:
    """x under a shape of the same rank: extents of 1 are repeated."""
    first = 0
    while first < len(shape):
        last, n = first, 1
        while last < len(shape) and x.shape[last] == 1 != shape[last]:
            n *= shape[last]
            last += 1
        if last > first:  # neighbouring axes at once
            rest = tuple(x.shape[last:])
            row = repeat(ops.reshape(x, (*x.shape[:first], 1, *rest)), first, n)
            x = ops.reshape(row, (*x.shape[:first], *shape[first:last], *rest))
        first = max(last, first + 1)
    return x
