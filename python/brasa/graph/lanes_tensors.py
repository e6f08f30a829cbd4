"""Where the tensors of a graph lie while the lanes pass rewrites it.

For each tensor the symbol is kept that holds it in lanes. It is converted where a node wants the
other layout: once, and only if somebody asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa.graph.symbol import Node, Symbol
from brasa.graph.trace import Graph


class LanesTensors:
    """The books, and how nodes are recorded with them."""

    def __init__(self, graph: Graph, lanes: int) -> None:
        self.graph, self.lanes = graph, lanes
        self.resident: dict[Symbol, Symbol] = {}  # a tensor -> where it lies in lanes
        self.home: set[Symbol] = set()  # tensors that were computed in lanes
        self.missing: set[Symbol] = set()  # those of them that lie nowhere else

    def in_lanes(self, symbol: Symbol | None, *, repeat: bool) -> Symbol:
        """Where a tensor lies in lanes; lanes without an image hold the last one, or zeros."""
        symbol = present(symbol)
        if symbol not in self.resident:
            self.resident[symbol] = self.add("to_lanes", [symbol], {"repeat": repeat}, None)[0]
        return self.resident[symbol]

    def plain(self, symbol: Symbol | None) -> None:
        """See to it that a tensor lies in NHWC."""
        if symbol is None or symbol not in self.missing:
            return
        self.missing.discard(symbol)
        (copy,) = self.add("from_lanes", [self.resident[symbol]], {"rows": symbol.shape[0]}, None)
        node = copy.node
        assert node is not None
        node.outputs, symbol.node, symbol.index = (symbol,), node, 0

    def record(self, node: Node, op: str, inputs: Sequence[Symbol | None], attributes: Any) -> None:
        """A node whose results stay in lanes, in the place of ``node``."""
        outputs = self.add(op, inputs, attributes, node.name)
        for logical, physical in zip(node.outputs, outputs, strict=False):
            self.resides(logical, physical)

    def resides(self, logical: Symbol, physical: Symbol) -> None:
        """Note where a tensor lies that was computed in lanes."""
        if physical.ndim == 4:
            groups = -(-logical.shape[0] // self.lanes)
            planes, *image = physical.shape
            physical = self.graph.view(physical, (groups, planes // groups, *image))
        self.resident[logical] = physical
        self.home.add(logical)
        self.missing.add(logical)

    def takes_over(self, node: Node, outputs: Sequence[Symbol]) -> None:
        """A node whose results are no images: ``node``'s symbols become its outputs."""
        made = outputs[0].node
        assert made is not None
        made.outputs = node.outputs
        for symbol in node.outputs:
            symbol.node = made

    def add(
        self, op: str, inputs: Sequence[Symbol | None], attributes: Any, name: str | None
    ) -> tuple[Symbol, ...]:
        """Record a node, under another one's name if it is given."""
        outputs = self.graph.add(op, inputs, attributes)
        if name is not None:
            made = outputs[0].node
            assert made is not None
            made.name = name
        return outputs

    def as_images(self, symbol: Symbol) -> Symbol:
        """(G, C, H, W, L) as pooling sees it: G * C images with L channels."""
        groups, channels, *image = symbol.shape
        return self.graph.view(symbol, (groups * channels, *image))

    def with_images(self, attributes: Any) -> dict[str, Any]:
        """The attributes of a pooling's gradient for these images."""
        batch, height, width, channels = attributes["x_shape"]
        planes = -(-batch // self.lanes) * channels
        return {**attributes, "x_shape": [planes, height, width, self.lanes]}


def present(symbol: Symbol | None) -> Symbol:
    """A symbol that cannot be None."""
    assert symbol is not None
    return symbol
