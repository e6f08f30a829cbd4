"""Plans of a model: what is computed in training, testing and prediction, for one batch size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from brasa.graph import fuse
from brasa.graph.gradients import add_gradients
from brasa.graph.layout import origin_of
from brasa.graph.lower import CompiledPlan, Place, Segment, compile_graph
from brasa.graph.memory import bytes_of
from brasa.graph.precision import use_precision
from brasa.graph.symbol import State, Symbol
from brasa.graph.trace import Graph
from brasa.losses import Loss
from brasa.metrics import Metric
from brasa.network import Network
from brasa.optimizers import Optimizer
from brasa.parameter import Parameter
from brasa.store import ParameterStore, Span, penalty_of


class Feed(NamedTuple):
    """One array that a plan reads: its element type and the shape of one row."""

    dtype: str
    row: tuple[int, ...]


class PlanKey(NamedTuple):
    """What a plan depends on, beside the model: one plan is cached for each key.

    Looked up at every batch: a tuple's hash takes a tenth of a dataclass's.
    """

    mode: str  # one of MODES
    batch: int
    inputs: tuple[Feed, ...]
    targets: tuple[Feed, ...]
    weights: tuple[Feed, ...]  # sample weights for each output, where they are given
    indexed: bool  # rows are picked by an index from a whole data set
    threads: int
    implementation: str
    winograd: bool | str
    precision: str = "float32"


@dataclass
class Objective:
    """What compile() decided."""

    optimizer: Optimizer
    losses: list[Loss]
    loss_weights: list[float]
    metrics: list[list[Metric]]  # for each output
    precision: str = "float32"  # of products: brasa.runtime.precisions()


class Readout(NamedTuple):
    """A mean that is summed up over the batches, and of how many: of all samples by default."""

    value: Symbol
    number: Symbol | None = None


MODES = ("train", "test", "gradients", "predict")

# Gradients of the losses need them, predictions do not.
_TRAINING = ("train", "gradients")


def _check_mask(prediction: Symbol, mask: Symbol) -> None:
    if mask.shape != prediction.shape[:-1]:
        raise ValueError(
            f"the predictions {prediction.shape} come with a mask of the shape {mask.shape}, which "
            "must be theirs without the last axis"
        )


class PlanBuilder:
    """Records one graph and compiles it; used once."""

    def __init__(
        self, network: Network, store: ParameterStore, objective: Objective | None, key: PlanKey
    ) -> None:
        self.network, self.store, self.objective, self.key = network, store, objective, key
        self.graph = Graph(training=key.mode in _TRAINING)
        self.graph.trainable = frozenset(store.trainable)
        self.places: dict[Symbol, Place] = {}
        self.segments: list[Segment] = []
        self.kept: list[Symbol] = []
        self._penalized: set[Symbol] = set()

    def build(self) -> CompiledPlan:
        """The plan of the key."""
        key, graph = self.key, self.graph
        self.index = self._external("index", (key.batch,), "int64") if key.indexed else None
        inputs = [self._feed(f"x{i}", feed) for i, feed in enumerate(key.inputs)]
        predictions = self.network.trace(graph, inputs)
        use_precision(graph, key.precision)
        if key.mode == "predict":
            for i, prediction in enumerate(predictions):
                self._result(f"out{i}", prediction)
        else:
            self._learn(predictions)
        states = self._keep_states()
        self._place_state()
        plan = compile_graph(graph, self.places, self.segments, self.kept, self._constants())
        plan.states = states
        return plan

    def _learn(self, predictions: Sequence[Symbol]) -> None:
        objective, graph = self.objective, self.graph
        assert objective is not None
        losses: dict[Symbol, float] = {}
        readouts: list[Readout] = []
        for i, (prediction, loss) in enumerate(zip(predictions, objective.losses, strict=True)):
            target = self._feed(f"y{i}", self.key.targets[i])
            weight = self._feed(f"w{i}", self.key.weights[i]) if self.key.weights else None
            mask, steps = prediction.mask, None
            if mask is not None:
                _check_mask(prediction, mask)
                with graph.scope("mask"):
                    weight, steps = graph.add("mask_weights", [mask, weight])
            with graph.scope("loss"):
                value = loss.record(prediction, target, weight)
            losses[value] = objective.loss_weights[i]
            readouts.append(Readout(value))
            if self.key.mode != "gradients":
                with graph.scope("metrics"):
                    values = [m.record(prediction, target, mask) for m in objective.metrics[i]]
                readouts += [Readout(value, steps) for value in values]
        self._simplify()
        if self.store.is_penalized:
            readouts.append(Readout(self._penalty()))
        self._accumulate(readouts)
        if self.key.mode in _TRAINING:
            self._differentiate(losses)
        if self.key.mode == "train":
            self._optimize(objective.optimizer)
            self._move_averages()

    def _simplify(self) -> None:
        """The passes that run before the gradients."""
        fuse.fuse_losses(self.graph)
        fuse.fuse_accuracies(self.graph)
        if self.key.mode in _TRAINING:
            fuse.pool_first(self.graph)
            fuse.activate_normalized(self.graph)

    def _penalty(self) -> Symbol:
        """What all weights add to the loss: a read of those that do."""
        graph = self.graph
        values: list[Symbol] = []
        with graph.scope("penalty"):
            for span in self.store.spans:
                if span.treatment.penalty:
                    weights = graph.source(("penalized", span.start), (span.size,))
                    self.places[weights] = Place("parameters", 4 * span.start)
                    self._penalized.add(weights)
                    values += graph.add("penalty", [weights], span.treatment.penalty)
            total = values[0]
            for value in values[1:]:
                (total,) = graph.add("add", [total, value])
        return total

    def _accumulate(self, values: Sequence[Readout]) -> None:
        # Two float64 for each: the sum over samples, and their number.
        self.segments.append(Segment("totals", 16 * len(values)))
        for position, readout in enumerate(values):
            with self.graph.scope("totals"):
                (total,) = self.graph.add("accumulate", readout, {"count": self.key.batch})
            self._keep(total, Place("totals", 16 * position))

    def _differentiate(self, losses: dict[Symbol, float]) -> None:
        graph, store = self.graph, self.store
        sources = [graph.source(p, p.shape) for p in store.trainable]
        gradients = self._gradients(losses, sources)
        self.segments.append(Segment("gradients", 4 * store.trainable_size))
        taken: set[Symbol] = set()
        for parameter, gradient in zip(store.trainable, gradients, strict=True):
            if gradient is None:
                continue  # the buffer's zeros stay
            own, origin = gradient, origin_of(gradient)
            # A gradient that is also something else (a source, another parameter's) is copied.
            if origin in taken or origin.node is None:
                own = origin = graph.add("scale", [gradient])[0]
            taken.add(origin)
            self._keep(own, Place("gradients", 4 * store.offsets[parameter]))

    def _gradients(
        self, losses: Mapping[Symbol, float], wanted: Sequence[Symbol]
    ) -> list[Symbol | None]:
        """The gradients by what is wanted, with the slopes of the penalties where they are due."""
        pairs = zip(wanted, add_gradients(self.graph, losses, wanted), strict=True)
        return [self._with_slope(symbol, gradient) for symbol, gradient in pairs]

    def _slopes_in_step(self) -> bool:
        """Whether the optimizer's step adds the slopes of penalties: it reads the weights anyway.

        Not where the whole gradient is wanted, and not where it is clipped before.
        """
        assert self.objective is not None
        return self.key.mode == "train" and not self.objective.optimizer.clipping

    def _with_slope(self, symbol: Symbol, gradient: Symbol | None) -> Symbol | None:
        if not isinstance(symbol.source, Parameter) or not any(penalty_of(symbol.source)):
            return gradient
        graph, (l1, l2) = self.graph, penalty_of(symbol.source)
        with graph.scope("penalty"):
            if self._slopes_in_step():
                # A plan that wanted the whole gradient left the slope in the buffer.
                return gradient or graph.add("scale", [symbol], {"factor": 0.0})[0]
            (slope,) = graph.add("penalty_backward", [symbol], {"l1": l1, "l2": l2})
            return slope if gradient is None else graph.add("add", [gradient, slope])[0]

    def _optimize(self, optimizer: Optimizer) -> None:
        graph, store = self.graph, self.store
        if not store.trainable:
            raise ValueError("the model has no trainable weights: there is nothing to train")
        hyper = graph.source("hyper", (2,), "float64")
        self._segment_of(hyper, "hyper")
        for name in optimizer.slots:
            self.segments.append(Segment(f"slot_{name}", store.trainable_size * 4))
        with graph.scope("optimizer"):
            self._clip(optimizer.clipping)
            for span in store.spans:
                self._step(optimizer, span, hyper)

    def _step(self, optimizer: Optimizer, span: Span, hyper: Symbol) -> None:
        """One kernel for all weights that are treated alike."""
        attributes, offset = optimizer.attributes(), 4 * span.start
        if optimizer.weight_decay and span.treatment.decays:
            attributes["weight_decay"] = optimizer.weight_decay
        if self._slopes_in_step():
            attributes |= span.treatment.penalty
        gradient = self.graph.source(("gradients", span.start), (span.size,))
        self.places[gradient] = Place("gradients", offset)
        updated = self.graph.add(optimizer.op, [gradient, hyper], attributes)
        self._keep(updated[0], Place("parameters", offset))
        for name, slot in zip(optimizer.slots, updated[1:], strict=True):
            self._keep(slot, Place(f"slot_{name}", offset))

    def _clip(self, limits: Mapping[str, float]) -> None:
        """Clip in place, between the last gradient and the optimizer that reads all of them."""
        for name, limit in limits.items():
            op = "clip_value" if name == "clipvalue" else "clip_norm"
            flat = self.graph.source("gradients", (self.store.trainable_size,))
            spans = {flat: Place("gradients")}
            if name == "clipnorm":
                spans = {
                    self.graph.source(("gradient", p), (p.size,)): Place(
                        "gradients", 4 * self.store.offsets[p]
                    )
                    for p in self.store.trainable
                }
            for span, place in spans.items():
                self.places[span] = place
                self._keep(self.graph.add(op, [span], {"limit": limit})[0], place)

    def _move_averages(self) -> None:
        # Training reads no moving statistics, so the order beside the other steps is free. A layer
        # that is used twice moves them twice, in the order of its uses.
        for parameter, value, momentum in self.graph.moving:
            with self.graph.scope("moving"):
                (moved,) = self.graph.add("moving_average", [value], {"momentum": momentum})
            self._keep(moved, Place("parameters", 4 * self.store.offsets[parameter]))

    def _constants(self) -> set[Symbol]:
        """The weights, where the plan does not change them itself."""
        if self.key.mode in _TRAINING:
            return set()
        weights = {s for key, s in self.graph.sources.items() if key in self.store.offsets}
        return weights | self._penalized

    def _keep_states(self) -> list[tuple[State, str, tuple[int, ...]]]:
        """Bind what layers keep between batches, and write it when all else is done.

        Returns for each the state, the name of its array, and its shape.
        """
        kept: list[tuple[State, str, tuple[int, ...]]] = []
        for state, before in list(self.graph.sources.items()):
            if not isinstance(state, State):
                continue
            name = f"state{len(kept)}/{self.key.batch}"
            self._segment_of(before, name)
            kept.append((state, name, before.shape))
            if self.key.mode != "gradients":
                with self.graph.scope("states"):
                    (after,) = self.graph.add("scale", [self.graph.states[state]])
                self._keep(after, Place(name))
        return kept

    def _place_state(self) -> None:
        self.segments.append(Segment("parameters", self.store.bytes((), training=False)))
        for key, symbol in self.graph.sources.items():
            if key in self.store.offsets:
                self.places[symbol] = Place("parameters", 4 * self.store.offsets[key])
            elif key == "random":
                self._segment_of(symbol, "random")

    def _feed(self, name: str, feed: Feed) -> Symbol:
        """One batch of an array: itself where nothing must be picked or converted."""
        batch = self.key.batch
        rows = 1 if self.key.indexed else batch
        source = self._external(name, (rows, *feed.row), feed.dtype)
        if not self.key.indexed and feed.dtype in ("float32", "int32"):
            return source
        with self.graph.scope(name):
            return self.graph.add("gather", [source, self.index], {"rows": batch})[0]

    def _external(self, name: str, shape: tuple[int, ...], dtype: str) -> Symbol:
        symbol = self.graph.external(name, shape, dtype)
        self._segment_of(symbol, name)
        return symbol

    def _segment_of(self, symbol: Symbol, name: str) -> None:
        self.segments.append(Segment(name, bytes_of(symbol)))
        self.places[symbol] = Place(name)

    def _keep(self, symbol: Symbol, place: Place) -> None:
        self.kept.append(symbol)
        self.places[symbol] = place

    def _result(self, name: str, symbol: Symbol) -> None:
        # What is no op's own output (an input, a view, an output twice) is copied.
        if symbol.node is None or symbol.node.op == "reshape" or symbol in self.places:
            symbol = self.graph.add("scale", [symbol])[0]
        self.segments.append(Segment(name, bytes_of(symbol)))
        self._keep(symbol, Place(name))
