"""The plan of one training step that keeps what it sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from brasa.engine import Engine
from brasa.feeds import DataSet
from brasa.graph import fuse
from brasa.graph.gradients import dependent_on
from brasa.graph.layout import origin_of
from brasa.graph.lower import Place, Segment
from brasa.graph.memory import align, bytes_of
from brasa.graph.symbol import Node, Symbol
from brasa.graph.trace import Traced
from brasa.parameter import Parameter
from brasa.plans import PlanBuilder

Array = NDArray[Any]

RECURRENT = ("gru", "lstm", "simple_rnn")


class Recorder(PlanBuilder):
    """Builds the plan of a training step that copies what it sees into one more segment, ``seen``.

    Left out are the passes that move an activation behind a pooling or into a normalization: they
    change no value, but the layers' outputs are then never there. So is what the optimizer gathers
    from other batches, and its averages: the step is that of this batch alone.
    """

    def __init__(self, engine: Engine, data: DataSet) -> None:
        objective = engine.objective
        assert objective is not None
        bare = replace(objective, metrics=[[] for _ in objective.losses])
        key = engine.key_of("train", data.rows, data)._replace(phase=None)
        super().__init__(engine.network, engine.store, bare, key)
        self.calls: list[Traced] = []
        self._logits: dict[Symbol, Symbol] = {}  # a prediction -> what the loss reads instead
        self._by_symbol: dict[Symbol, Symbol] = {}  # an output or weight -> its gradient
        self._by_saved: dict[Symbol, Symbol] = {}  # what a recurrent op saved -> its x's gradient
        self._bytes = 0
        self._offsets: dict[Symbol, int] = {}

    # While the plan is built.

    def _simplify(self) -> None:
        losses = [node for node in self.graph.nodes if node.op == "loss"]
        before = [node.inputs[0] for node in losses]
        fuse.fuse_losses(self.graph)
        for node, prediction in zip(losses, before, strict=True):
            now = node.inputs[0]
            if prediction is not None and now is not None and now is not prediction:
                self._logits[prediction] = now

    def _gradients(
        self, losses: Mapping[Symbol, float], wanted: Sequence[Symbol]
    ) -> list[Symbol | None]:
        graph = self.graph
        # Later passes change the nodes.
        self.calls = [
            call._replace(nodes=tuple(replace(node) for node in call.nodes)) for call in graph.calls
        ]
        trained = dependent_on(graph.nodes, wanted)
        outputs = (self._logits.get(s, s) for call in self.calls for s in call.outputs)
        origins = {s: origin_of(s) for s in outputs if s in trained}
        asked = list(dict.fromkeys([*wanted, *origins, *origins.values()]))
        found = super()._gradients(losses, asked)
        by_asked = dict(zip(asked, found, strict=True))
        for output in (*wanted, *origins):
            gradient = by_asked[output]
            if gradient is None and output in origins:
                # What follows read the tensor that this one is a view of: 1-D layers in a row.
                whole = by_asked[origins[output]]
                gradient = None if whole is None else graph.view(whole, output.shape)
            if gradient is not None:
                self._by_symbol[output] = gradient
        for node in graph.nodes:
            if node.op in [f"{op}_backward" for op in RECURRENT]:
                self._by_saved |= {s: node.outputs[0] for s in node.inputs if s is not None}
        for symbol in dict.fromkeys(self._interesting()):
            if symbol is not None and symbol.dtype == "float32":
                self._see(symbol)
        self.segments.append(Segment("seen", self._bytes))
        return found[: len(wanted)]

    def _slopes_in_step(self) -> bool:
        return False  # the whole gradient is what is looked at

    def _interesting(self) -> list[Symbol | None]:
        symbols: list[Symbol | None] = [*self._by_symbol.values()]
        for call in self.calls:
            symbols += call.outputs
            symbols += [symbol.mask for symbol in call.inputs]
            for node in call.nodes:
                if activation_of(node):
                    symbols.append(node.outputs[0])
                if node.op in RECURRENT:
                    symbols += [*node.inputs, node.outputs[0], self.x_gradient(node)]
        return symbols

    def _see(self, symbol: Symbol) -> None:
        # A copy: what is kept cannot be fused, shared or computed in another layout.
        with self.graph.scope("seen"):
            (copy,) = self.graph.add("scale", [symbol])
        self._keep(copy, Place("seen", self._bytes))
        self._offsets[symbol] = self._bytes
        self._bytes += align(bytes_of(symbol))

    # When it is built.

    def value(self, seen: Array, symbol: Symbol | None) -> Array | None:
        """What a symbol held; None for what was not kept."""
        if symbol is None or symbol not in self._offsets:
            return None
        start = self._offsets[symbol] // 4
        return seen[start : start + bytes_of(symbol) // 4].reshape(symbol.shape)

    def gradient(self, output: Symbol) -> Symbol | None:
        """The gradient by a layer's output, or by the logits that the loss reads in its place."""
        return self._by_symbol.get(self._logits.get(output, output))

    def weight_gradient(self, weight: Parameter) -> Symbol | None:
        """The gradient by a weight, before clipping; None where the loss does not depend on it."""
        source = self.graph.sources.get(weight)
        return None if source is None else self._by_symbol.get(source)

    def x_gradient(self, node: Node) -> Symbol | None:
        """The gradient by the first input of a recurrent op, even where nothing else needs it."""
        return self._by_saved.get(node.outputs[-1])

    def in_loss(self, node: Node) -> bool:
        """Whether the loss takes what goes into an activation: no gradient passes through that."""
        return node.outputs[0] in self._logits


def activation_of(node: Node) -> str | None:
    """The "relu", "sigmoid" or "tanh" of a forward op; of a recurrent one only "relu" is told.

    What else saturates there its gates say.
    """
    kind = node.attributes.get("activation")
    known = ("relu",) if node.op in RECURRENT else ("relu", "sigmoid", "tanh")
    return str(kind) if kind in known else None
