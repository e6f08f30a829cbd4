"""The layout pass: which tensors are the same memory under another shape.

A tensor has a logical shape (channels last) and a place. Reshapes move nothing: their result lies
where their input does. Sums of gradients lie where their first addend does (see fuse.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from brasa.graph.symbol import Node, Symbol
from brasa.graph.trace import Graph


def storage_of(graph: Graph, shared: Mapping[Symbol, Symbol]) -> dict[Symbol, Symbol]:
    """For every symbol the one whose memory it uses; itself in most cases. Drops view nodes."""
    roots: dict[Symbol, Symbol] = {}

    def root(symbol: Symbol) -> Symbol:
        if symbol in roots:
            return roots[symbol]
        origin = symbol
        if symbol in shared:
            origin = root(shared[symbol])
        elif symbol.node is not None and symbol.node.op == "reshape":
            (source,) = symbol.node.inputs
            assert source is not None
            origin = root(source)
        roots[symbol] = origin
        return origin

    for node in graph.nodes:
        for symbol in (*node.inputs, *node.outputs):
            if symbol is not None:
                root(symbol)
    for symbol in shared:
        root(symbol)
    return roots


def origin_of(symbol: Symbol) -> Symbol:
    """What a symbol is a view of; itself where it is none."""
    while symbol.node is not None and symbol.node.op == "reshape":
        (source,) = symbol.node.inputs
        assert source is not None
        symbol = source
    return symbol


def without_views(nodes: list[Node]) -> list[Node]:
    """The nodes that do work."""
    return [node for node in nodes if node.op != "reshape"]
