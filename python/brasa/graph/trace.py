"""Recording: ops called on symbols become nodes of a graph, with shapes inferred by csrc/ops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from numpy.typing import NDArray

from brasa import _core
from brasa.graph.symbol import Attributes, Constant, External, Node, Shape, State, Symbol, spec_of

# An odd factor (2^32 / golden ratio) spreads seeds over all node numbers.
_SPREAD = 0x9E3779B1


class Traced(NamedTuple):
    """One use of a layer: who called it, with what, what it gave, and the nodes it recorded."""

    call: Any
    inputs: tuple[Symbol, ...]
    outputs: tuple[Symbol, ...]
    nodes: tuple[Node, ...]


class Graph:
    """A list of nodes in the order they run, and the sources that they read.

    ``training`` is what layers such as Dropout ask for; with ``gradients``, the same unless given,
    ops keep what their gradients need; with ``batched`` indices leave the first axis whole. Of a
    graph ``for_shapes`` nothing but the shapes of its results is read.
    """

    def __init__(
        self,
        *,
        training: bool = False,
        gradients: bool | None = None,
        batched: bool = True,
        for_shapes: bool = False,
    ) -> None:
        self.training = training
        self.batched = batched
        self.gradients = training if gradients is None else gradients
        self.for_shapes = for_shapes
        self.nodes: list[Node] = []
        self.sources: dict[Any, Symbol] = {}
        # What a training step moves: a parameter, the symbol it moves towards, the momentum.
        self.moving: list[tuple[Any, Symbol, float]] = []
        # The weights that training changes, as compile() found them; None where layers are asked.
        self.trainable: frozenset[Any] | None = None
        # The layers that were asked whether they are trained, and what they said.
        self.asked: dict[Any, bool] = {}
        # What layers add to the loss: numbers.
        self.added: list[Symbol] = []
        # Where gradients begin, beside the slopes of the ops that are losses.
        self.seeds: list[Symbol] = []
        # For those who look inside: the uses of layers, in order.
        self.calls: list[Traced] = []
        # What becomes of the layers' states when the plan has run.
        self.states: dict[State, Symbol] = {}
        self._scope: list[str] = []
        self._names: dict[str, int] = {}
        self._dropouts = 0

    def source(self, key: Any, shape: Shape, dtype: str = "float32") -> Symbol:
        """The symbol of a parameter, an input or a piece of state; one for each key."""
        if key not in self.sources:
            self.sources[key] = Symbol(self, tuple(shape), dtype, source=key)
        return self.sources[key]

    def external(self, name: str, shape: Shape, dtype: str = "float32") -> Symbol:
        """A source that the caller binds at each run."""
        return self.source(External(name), shape, dtype)

    def add(
        self, op: str, inputs: Sequence[Symbol | None], attributes: Attributes | None = None
    ) -> tuple[Symbol, ...]:
        """Record one op call and return its results."""
        attributes = dict(attributes or {})
        specs = _core.infer(op, [spec_of(symbol) for symbol in inputs], attributes)
        return self._append(op, inputs, attributes, specs).outputs

    def view(self, x: Symbol, shape: Shape) -> Symbol:
        """The same elements under another shape: a node without arithmetic."""
        return self._append("reshape", (x,), {"shape": list(shape)}, [(x.dtype, shape)]).outputs[0]

    def constant(self, array: NDArray[Any]) -> Symbol:
        """The symbol of an array's values of now, of which the plan keeps a copy."""
        key = Constant.of(array)
        return self.source(key, key.shape, key.dtype)

    def zeros(self, shape: Shape) -> Symbol:
        """Zeros, of which the plan holds one."""
        zero = self.source("zero", (1,))
        if not shape:
            return self.view(zero, ())
        return self.add("broadcast_to", [zero], {"shape": list(shape)})[0]

    def move(self, parameter: Any, value: Symbol, momentum: float) -> None:
        """Have every training step move a parameter's values towards ``value``."""
        self.moving.append((parameter, value, momentum))

    def is_trained(self, layer: Any) -> bool:
        """What a layer says now; plans of this graph are for layers that say so still."""
        return self.asked.setdefault(layer, layer.trainable)

    def state(self, owner: Any, index: int, shape: Shape) -> Symbol:
        """What a layer kept from the batch before: zeros at first. See ``keep_state``."""
        return self.source(State(owner, index), shape)

    def keep_state(self, owner: Any, index: int, value: Symbol) -> None:
        """Have the next batch find ``value``. A layer that is used twice keeps its last one."""
        self.states[State(owner, index)] = value

    def next_dropout(self) -> int:
        """A number for each op of the model that draws at random, so that no two draw the same."""
        self._dropouts += 1
        return self._dropouts

    def random_numbers(self, seed: int | None) -> tuple[Symbol, int]:
        """The operand and the node number of an op that draws: other numbers for other seeds."""
        # The plan's state holds (seed, step); a number for each op keeps their draws apart.
        state = self.source("random", (2,), "int64")
        return state, (self.next_dropout() + (seed or 0) * _SPREAD) % (1 << 32)

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Nodes recorded inside carry ``name`` in front of theirs."""
        self._scope.append(name)
        try:
            yield
        finally:
            self._scope.pop()

    def _append(
        self,
        op: str,
        inputs: Sequence[Symbol | None],
        attributes: Attributes,
        specs: Sequence[tuple[str, Sequence[int]]],
    ) -> Node:
        base = "/".join([*self._scope, op])
        count = self._names[base] = self._names.get(base, 0) + 1
        node = Node(op, base if count == 1 else f"{base}_{count}", tuple(inputs), attributes)
        node.outputs = tuple(
            Symbol(self, tuple(shape), dtype, node=node, index=index)
            for index, (dtype, shape) in enumerate(specs)
        )
        self.nodes.append(node)
        return node


def graph_of(values: Sequence[Any]) -> Graph | None:
    """The graph that the symbols among ``values`` belong to, or None when there is none."""
    for value in values:
        if isinstance(value, Symbol):
            return value.graph
    return None


@contextmanager
def told(graph: Graph | None, training: bool | None) -> Iterator[None]:
    """In the block all layers are told so, those inside of others too; None changes nothing."""
    if graph is None or training is None:
        yield
        return
    before, graph.training = graph.training, bool(training)
    try:
        yield
    finally:
        graph.training = before


@contextmanager
def whole_tensors(graph: Graph) -> Iterator[None]:
    """In the block no first axis is a batch: ``w[0]`` is the first row of a weight."""
    before, graph.batched = graph.batched, False
    try:
        yield
    finally:
        graph.batched = before
