"""The memory pass: an offset for every buffer, before anything runs.

Two buffers may share bytes when their lives do not overlap. The largest are placed first, each at
the lowest offset that is free during its whole life: offline first fit by size, which comes within
a few percent of the lower bound (the peak of the live bytes) on feed-forward nets.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from brasa.graph.symbol import Node, Symbol

ALIGNMENT = 64

ITEM_SIZE = {"float32": 4, "int32": 4, "float64": 8, "int64": 8, "uint8": 1}


@dataclass
class Block:
    """A buffer: its size, the steps of its life (both included), and its place."""

    bytes: int
    first: int
    last: int
    offset: int = 0


def align(size: int) -> int:
    """The next multiple of the alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def bytes_of(symbol: Symbol) -> int:
    """The bytes of a tensor."""
    size = ITEM_SIZE[symbol.dtype]
    for extent in symbol.shape:
        size *= extent
    return size


def lives(
    nodes: Sequence[Node],
    storage: Mapping[Symbol, Symbol],
    placed: Iterable[Symbol],
    constant: int = 0,
) -> dict[Symbol, Block]:
    """One block for each tensor that lives in the arena.

    What the first ``constant`` nodes leave to the others stays for the next run: it never ends.
    """
    elsewhere = set(placed)
    blocks: dict[Symbol, Block] = {}
    for step, node in enumerate(nodes):
        for symbol in (*node.inputs, *node.outputs):
            if symbol is None:
                continue
            root = storage[symbol]
            if root.node is None or root in elsewhere:
                continue
            block = blocks.setdefault(root, Block(align(bytes_of(root)), step, step))
            block.last = len(nodes) - 1 if block.first < constant <= step else step
    return blocks


def place(blocks: Iterable[Block]) -> int:
    """Give every block its offset; returns the bytes of the arena."""
    # (offset, end, first, last) of each, the lowest first: plain tuples, since a thousand blocks
    # meet each other a million times.
    placed: list[tuple[int, int, int, int]] = []
    for block in sorted(blocks, key=lambda b: (-b.bytes, b.first)):
        size, born, dies = block.bytes, block.first, block.last
        offset = 0
        for start, end, first, last in placed:
            if last < born or dies < first:
                continue
            if offset + size <= start:
                break
            if end > offset:
                offset = end
        block.offset = offset
        insort(placed, (offset, offset + size, born, dies))
    return max((end for _, end, _, _ in placed), default=0)


def lower_bound(blocks: Iterable[Block]) -> int:
    """The most bytes alive at one step: no placement can need less."""
    changes: dict[int, int] = {}
    for block in blocks:
        changes[block.first] = changes.get(block.first, 0) + block.bytes
        changes[block.last + 1] = changes.get(block.last + 1, 0) - block.bytes
    peak = alive = 0
    for step in sorted(changes):
        alive += changes[step]
        peak = max(peak, alive)
    return peak
