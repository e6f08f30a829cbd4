"""Where a plan keeps what lasts: segments of memory, and which tensor lies in which."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from brasa.graph.lower import Place, Segment
from brasa.graph.memory import bytes_of
from brasa.graph.symbol import Constant, Symbol
from brasa.graph.trace import Graph


class Places:
    """A graph, and the tensors in it that lie in memory with a name."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.places: dict[Symbol, Place] = {}
        self.segments: list[Segment] = []
        self.kept: list[Symbol] = []

    def _external(self, name: str, shape: tuple[int, ...], dtype: str) -> Symbol:
        symbol = self.graph.external(name, shape, dtype)
        self._segment_of(symbol, name)
        return symbol

    def _segment_of(self, symbol: Symbol, name: str) -> None:
        self.segments.append(Segment(name, bytes_of(symbol)))
        self.places[symbol] = Place(name)

    def _place_constants(self) -> dict[str, NDArray[Any]]:
        """Give the graph's own arrays segments; returns what to bind to each.

        They are named after their elements: plans that are run by turns bind the same.
        """
        found: dict[str, NDArray[Any]] = {}
        for key, symbol in self.graph.sources.items():
            if isinstance(key, Constant):
                name = f"constant {key.digest} {key.dtype} {key.shape}"
                self._segment_of(symbol, name)
                found[name] = key.values
        return found

    def _keep(self, symbol: Symbol, place: Place) -> None:
        self.kept.append(symbol)
        self.places[symbol] = place

    def _result(self, name: str, symbol: Symbol) -> None:
        # What is no op's own output (an input, a view, an output twice) is copied.
        if symbol.node is None or symbol.node.op == "reshape" or symbol in self.places:
            symbol = self.graph.add("scale", [symbol])[0]
        self.segments.append(Segment(name, bytes_of(symbol)))
        self._keep(symbol, Place(name))
