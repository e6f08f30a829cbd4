"""One training step on copies, with all that passes through the layers kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brasa.diagnosis.gates import RECURRENT
from brasa.engine import Engine
from brasa.feeds import DataSet
from brasa.graph import fuse
from brasa.graph.gradients import dependent_on
from brasa.graph.lower import Place, Segment
from brasa.graph.memory import align, bytes_of
from brasa.graph.symbol import Node, Symbol
from brasa.graph.trace import Traced
from brasa.layers.base import LayerCall
from brasa.ops.dispatch import run
from brasa.parameter import Parameter
from brasa.plans import PlanBuilder
from brasa.store import aligned_zeros

Array = NDArray[Any]

_ACTIVATIONS = ("relu", "sigmoid", "tanh")


class Activated(NamedTuple):
    """The result of an activation inside a layer."""

    kind: str  # relu, sigmoid or tanh
    value: Array
    in_loss: bool  # the loss took what went in: no gradient passes through it


class Recurrence(NamedTuple):
    """One recurrent op inside a layer: its node, its operands and output, its input's gradient.

    That gradient, at step t, is what the recurrence has carried back to step t: the sum over all
    later steps. The gradient by the op's output is not: it is what comes from the layer above.
    """

    node: Node
    operands: list[Array | None]
    y: Array
    dx: Array | None

    @property
    def backwards(self) -> bool:
        """Whether the last step of x is read first."""
        return bool(self.node.attributes.get("go_backwards"))

    @property
    def mask(self) -> Array | None:
        """1 for the steps that count, 0 for padding (N, T)."""
        return self.operands[-1]


@dataclass
class Seen:
    """What passed through one use of a layer."""

    call: LayerCall
    outputs: list[Array]
    gradients: list[Array | None]  # by the outputs; None where training needs none
    activated: list[Activated]
    recurrences: list[Recurrence]


@dataclass
class Weighed:
    """A trainable weight, its gradient before clipping, and the step that it would take."""

    value: Array
    gradient: Array
    step: Array


@dataclass
class Record:
    """All that one step showed."""

    engine: Engine
    data: DataSet
    loss: float
    seen: list[Seen]
    values: dict[Parameter, Array]  # of all weights, before the step
    weighed: dict[Parameter, Weighed] = field(default_factory=dict)


class Recorder(PlanBuilder):
    """The plan of a training step that copies what it sees into one more segment, ``seen``.

    Left out are the passes that move an activation behind a pooling or into a normalization: they
    change no value, but the layers' outputs are then never there.
    """

    def __init__(self, engine: Engine, data: DataSet) -> None:
        objective = engine.objective
        assert objective is not None
        bare = replace(objective, metrics=[[] for _ in objective.losses])
        key = engine.key_of("train", data.rows, data)
        super().__init__(engine.network, engine.store, bare, key)
        self.bytes = 0
        self.offsets: dict[Symbol, int] = {}
        self.by_output: dict[Symbol, Symbol] = {}  # a layer's output -> its gradient
        self.by_weight: dict[Symbol, Symbol] = {}
        self.by_input: dict[
            Symbol, Symbol
        ] = {}  # what a recurrent op saved -> its input's gradient
        self.logits: dict[Symbol, Symbol] = {}  # a prediction -> what the loss reads instead

    def _simplify(self) -> None:
        losses = [node for node in self.graph.nodes if node.op == "loss"]
        before = [node.inputs[0] for node in losses]
        fuse.fuse_losses(self.graph)
        for node, prediction in zip(losses, before, strict=True):
            now = node.inputs[0]
            if prediction is not None and now is not None and now is not prediction:
                self.logits[prediction] = now

    def _gradients(
        self, losses: Mapping[Symbol, float], wanted: Sequence[Symbol]
    ) -> list[Symbol | None]:
        graph = self.graph
        trained = dependent_on(graph.nodes, wanted)
        outputs = {
            symbol: self.logits.get(symbol, symbol)
            for traced in graph.calls
            for symbol in traced.outputs
        }
        chosen = list(dict.fromkeys(s for s in outputs.values() if s in trained))
        found = super()._gradients(losses, [*wanted, *chosen])
        of_weights, of_outputs = found[: len(wanted)], found[len(wanted) :]
        by_symbol = dict(zip(chosen, of_outputs, strict=True))
        for output, symbol in outputs.items():
            gradient = by_symbol.get(symbol)
            if gradient is not None:
                self.by_output[output] = gradient
        self.by_weight = {
            weight: gradient
            for weight, gradient in zip(wanted, of_weights, strict=True)
            if gradient is not None
        }
        self._find_input_gradients()
        for symbol in list(self._interesting()):
            self._see(symbol)
        self.segments.append(Segment("seen", self.bytes))
        return of_weights

    def _find_input_gradients(self) -> None:
        backward = [f"{op}_backward" for op in RECURRENT]
        for node in self.graph.nodes:
            if node.op in backward:
                self.by_input |= {s: node.outputs[0] for s in node.inputs if s is not None}

    def _interesting(self) -> list[Symbol]:
        symbols: list[Symbol | None] = [*self.by_output.values(), *self.by_weight.values()]
        for traced in self.graph.calls:
            symbols += traced.outputs
            for node in traced.nodes:
                if _activation_of(node):
                    symbols.append(node.outputs[0])
                if node.op in RECURRENT:
                    symbols += [*node.inputs, node.outputs[0], self.by_input.get(node.outputs[-1])]
        return [s for s in dict.fromkeys(symbols) if s is not None and s.dtype == "float32"]

    def _see(self, symbol: Symbol) -> None:
        # A copy: what is kept cannot be fused, shared or computed in another layout.
        with self.graph.scope("seen"):
            (copy,) = self.graph.add("scale", [symbol])
        self._keep(copy, Place("seen", self.bytes))
        self.offsets[symbol] = self.bytes
        self.bytes += align(bytes_of(symbol))

    # Reading.

    def value(self, seen: Array, symbol: Symbol | None) -> Array | None:
        """What a symbol held."""
        if symbol is None or symbol not in self.offsets:
            return None
        start = self.offsets[symbol] // 4
        return seen[start : start + bytes_of(symbol) // 4].reshape(symbol.shape)

    def read(self, seen: Array, traced: Traced) -> Seen:
        """What passed through one use of a layer."""

        def values(symbols: Sequence[Symbol | None]) -> list[Array | None]:
            return [self.value(seen, symbol) for symbol in symbols]

        recurrences = []
        activated = []
        for node in traced.nodes:
            result = self.value(seen, node.outputs[0])
            kind = _activation_of(node)
            if kind and result is not None:
                activated.append(Activated(kind, result, node.outputs[0] in self.logits))
            if node.op in RECURRENT and result is not None:
                dx = self.value(seen, self.by_input.get(node.outputs[-1]))
                recurrences.append(Recurrence(node, values(node.inputs), result, dx))
        return Seen(
            traced.call,
            [value for value in values(traced.outputs) if value is not None],
            values([self.by_output.get(symbol) for symbol in traced.outputs]),
            activated,
            recurrences,
        )


def _activation_of(node: Node) -> str | None:
    kind = node.attributes.get("activation")
    # Of a recurrent op the gates say what saturates; what it can tell besides is a dead rectifier.
    known = ("relu",) if node.op in RECURRENT else _ACTIVATIONS
    backward = node.op.endswith("_backward")
    return str(kind) if kind in known and not backward else None


def record(
    engine: Engine, data: DataSet, weights: Array | None = None, iterations: int | None = None
) -> Record:
    """One training step on one batch, on copies of all that it writes.

    Args:
        engine: The engine of a compiled model.
        data: The batch.
        weights: The flat buffer of weights to start from. Default: those that the model has.
        iterations: How many steps were made before. Default: those that the optimizer counts. It
            decides what dropout drops.
    """
    recorder = Recorder(engine, data)
    plan = recorder.build()
    optimizer, store = engine.optimizer, engine.store
    bound = {name: _copy(array) for name, array in engine.arrays().items()}
    if weights is not None:
        bound["parameters"][:] = weights
        for name in optimizer.slots:  # they belong to the weights of now
            bound[f"slot_{name}"][:] = 0
    steps = optimizer.iterations if iterations is None else iterations
    bound["hyper"][:] = optimizer.learning_rate, steps + 1
    bound["random"][:] = engine.seed, steps
    bound["gradients"][:] = 0
    before = {name: array.copy() for name, array in bound.items()}
    bound |= data.arrays
    for segment in plan.segments:  # totals, seen, and what layers keep from batch to batch: zeros
        if segment.name not in bound:
            bound[segment.name] = aligned_zeros(-(-segment.bytes // 8), "float64").view("float32")
    plan.run(bound)

    seen = bound["seen"]
    result = Record(
        engine,
        data,
        _loss(recorder, bound["totals"].view(np.float64)),
        [recorder.read(seen, traced) for traced in recorder.graph.calls],
        {p: store.view(before["parameters"], p) for p in store.offsets},
    )
    slots = [before[f"slot_{name}"] for name in optimizer.slots]
    exact = _step_from_zero(recorder, bound["gradients"], bound["hyper"], slots)
    for parameter in store.trainable:
        source = recorder.graph.sources.get(parameter)
        gradient = recorder.by_weight.get(source) if source is not None else None
        value = result.values[parameter]
        of_weight = None if gradient is None else recorder.value(seen, gradient)
        result.weighed[parameter] = Weighed(
            value,
            np.zeros_like(value) if of_weight is None else of_weight,
            _step(value, store.view(bound["parameters"], parameter), store.view(exact, parameter)),
        )
    return result


def _copy(array: Array) -> Array:
    copy = aligned_zeros(array.size, array.dtype.name).reshape(array.shape)
    copy[...] = array
    return copy


def _loss(recorder: Recorder, totals: Array) -> float:
    assert recorder.objective is not None
    means = [total / max(count, 1) for total, count in totals.reshape(-1, 2).tolist()]
    pairs = zip(recorder.objective.loss_weights, means, strict=False)
    return float(sum(weight * mean for weight, mean in pairs))


def _step_from_zero(
    recorder: Recorder, gradients: Array, hyper: Array, slots: Sequence[Array]
) -> Array:
    """What the optimizer adds to weights of 0: a small step is not rounded away."""
    assert recorder.objective is not None
    optimizer = recorder.objective.optimizer
    zeros = aligned_zeros(gradients.size)
    run(
        optimizer.op,
        [gradients, hyper],
        optimizer.attributes(),
        (zeros, *(slot.copy() for slot in slots)),
    )
    return zeros


def _step(old: Array, new: Array, from_zero: Array) -> Array:
    """The step in full precision, unless it depends on the weights (as weight decay does)."""
    with np.errstate(all="ignore"):
        rounded = new - old
        rounding = np.spacing(np.maximum(np.abs(old), np.abs(new)))
        same = np.abs(rounded - from_zero) <= rounding
    return from_zero if bool(same.all()) else rounded
