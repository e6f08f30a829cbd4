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
    placed: list[Block] = []
    for block in sorted(blocks, key=lambda b: (-b.bytes, b.first)):
        offset = 0
        for other in placed:  # the lowest first
            if other.last < block.first or block.last < other.first:
                continue
            if offset + block.bytes <= other.offset:
                break
            offset = max(offset, other.offset + other.bytes)
        block.offset = offset
        insort(placed, block, key=lambda b: b.offset)
    return max((block.offset + block.bytes for block in placed), default=0)


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
