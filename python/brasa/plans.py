"""Plans of a model: what is computed in training, testing and prediction, for one batch size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from brasa import runtime
from brasa.graph import fuse
from brasa.graph.lower import CompiledPlan, Place, Segment, compile_graph
from brasa.graph.precision import use_precision
from brasa.graph.recording import recording
from brasa.graph.symbol import Constant, State, Symbol
from brasa.graph.trace import Graph
from brasa.network import Network
from brasa.plan_key import FORWARD, OUTPUTS, TRAINING, Feed, Objective, PlanKey, in_plan
from brasa.store import ParameterStore
from brasa.updates import Updates


class Readout(NamedTuple):
    """A mean that is summed up over the batches, and of how many: of all samples by default."""

    value: Symbol
    number: Symbol | None = None


def _check_mask(prediction: Symbol, mask: Symbol) -> None:
    if mask.shape != prediction.shape[:-1]:
        raise ValueError(
            f"the predictions {prediction.shape} come with a mask of the shape {mask.shape}, which "
            "must be theirs without the last axis"
        )


class PlanBuilder(Updates):
    """Records one graph and compiles it; used once."""

    def __init__(
        self, network: Network, store: ParameterStore, objective: Objective | None, key: PlanKey
    ) -> None:
        gradients = key.mode in TRAINING
        graph = Graph(training=gradients or key.mode == FORWARD, gradients=gradients)
        if key.mode != FORWARD:  # a call asks the layers: see Engine.ask_layers
            graph.trainable = frozenset(store.trainable)
        super().__init__(graph, store, objective, key)
        self.network = network
        self.watched: dict[str, tuple[int, ...]] = {}

    def build(self) -> CompiledPlan:
        """The plan of the key."""
        with recording(self.graph):
            return self._build()

    def _build(self) -> CompiledPlan:
        key, graph = self.key, self.graph
        self.index = self._external("index", (key.batch,), "int64") if key.indexed else None
        inputs = [self._feed(f"x{i}", feed) for i, feed in enumerate(key.inputs)]
        predictions = self.network.trace(graph, inputs)
        by, winograd = runtime.products_by(), key.winograd is not False
        use_precision(graph, key.precision, by, winograd=winograd)
        if key.mode in OUTPUTS:
            for i, prediction in enumerate(predictions):
                self._result(f"out{i}", prediction)
            if key.mode == FORWARD:
                self._move_averages()
        else:
            self._learn(predictions)
        states = self._keep_states()
        self._place_state()
        constants = self._place_constants()
        plan = compile_graph(graph, self.places, self.segments, self.kept, self._constants())
        plan.states, plan.watched, plan.constants = states, self.watched, constants
        plan.moves = key.mode == FORWARD and bool(graph.moving)
        return plan

    def _learn(self, predictions: Sequence[Symbol]) -> None:
        objective, graph = self.objective, self.graph
        assert objective is not None
        losses: dict[Symbol, float] = {}
        readouts: list[Readout] = []
        for i, (prediction, loss) in enumerate(zip(predictions, objective.losses, strict=True)):
            if not self.key.targets:
                continue  # nothing wants them: see Objective.wants_targets
            target = self._feed(f"y{i}", self.key.targets[i])
            given = self._feed(f"w{i}", self.key.weights[i]) if self.key.weights else None
            mask, weight, steps = prediction.mask, given, None
            if mask is not None:
                _check_mask(prediction, mask)
                with graph.scope("mask"):
                    weight, steps = graph.add("mask_weights", [mask, given])
            if objective.has_loss(i):
                with graph.scope("loss"):
                    value = loss.record(prediction, target, weight, masked=mask is not None)
                losses[value] = objective.loss_weights[i]
                readouts.append(Readout(value))
            if self.key.mode != "gradients":
                with graph.scope("metrics"):
                    readouts += self._watch(i, prediction, target, given, steps)
        if graph.added:
            added = self._sum(graph.added)
            losses[added] = 1.0
        self._simplify()
        beside = [added] if graph.added else []
        if self.store.is_penalized:
            beside.append(self._penalty())
        if beside:
            readouts.append(Readout(self._sum(beside)))
        self._accumulate(readouts)
        self._show(predictions)
        if self.key.mode in TRAINING:
            self._differentiate(losses)
        if self.key.mode == "train":
            self._optimize(objective.optimizer)
            self._constrain()
            self._move_averages()

    def _watch(
        self,
        output: int,
        prediction: Symbol,
        target: Symbol,
        weight: Symbol | None,
        steps: Symbol | None,
    ) -> Iterator[Readout]:
        """The metrics of an output: those that weigh the samples last."""
        objective = self.objective
        assert objective is not None
        plain, weighted = objective.metrics[output], objective.weighted_metrics[output]
        for metric in in_plan([*plain, *weighted] if weight is None else plain):
            value = metric.record(prediction, target, prediction.mask)
            yield Readout(value, metric.counted(value, steps))
        if weight is not None:
            for metric in in_plan(weighted):
                weighed = metric.record_weighted(prediction, target, weight, prediction.mask)
                yield Readout(*weighed)

    def _show(self, predictions: Sequence[Symbol]) -> None:
        """Copy out what the metrics read that are no part of the plan."""
        assert self.objective is not None
        for i, prediction in enumerate(predictions):
            if self.key.mode == "gradients" or not self.objective.is_watched(i):
                continue
            shown = {f"out{i}": prediction}
            if prediction.mask is not None:
                shown[f"mask{i}"] = prediction.mask
            for name, symbol in shown.items():
                with self.graph.scope("metrics"):
                    self._result(name, symbol)
                self.watched[name] = symbol.shape

    def _simplify(self) -> None:
        """The passes that run before the gradients."""
        fuse.fuse_losses(self.graph)
        fuse.fuse_accuracies(self.graph)
        if self.key.mode in TRAINING:
            fuse.pool_first(self.graph)
            fuse.activate_normalized(self.graph)

    def _accumulate(self, values: Sequence[Readout]) -> None:
        # Two float64 for each: the sum over samples, and their number.
        self.segments.append(Segment("totals", 16 * len(values)))
        for position, readout in enumerate(values):
            with self.graph.scope("totals"):
                (total,) = self.graph.add("accumulate", readout, {"count": self.key.batch})
            self._keep(total, Place("totals", 16 * position))

    def _constants(self) -> set[Symbol]:
        """The weights, where the plan does not change them itself, a zero, and arrays."""
        moves = self.key.mode == FORWARD and self.graph.moving
        if self.key.mode in TRAINING or moves:
            return set()
        sources = self.graph.sources
        zero = {sources["zero"]} if "zero" in sources else set()
        fixed = {
            s
            for key, s in sources.items()
            if key in self.store.offsets or isinstance(key, Constant)
        }
        return fixed | zero | self._penalized

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
            elif key in ("random", "zero"):
                self._segment_of(symbol, key)

    def _feed(self, name: str, feed: Feed) -> Symbol:
        """One batch of an array: itself where nothing must be picked or converted."""
        batch = self.key.batch
        rows = 1 if self.key.indexed else batch
        source = self._external(name, (rows, *feed.row), feed.dtype)
        if not self.key.indexed and feed.dtype in ("float32", "int32"):
            return source
        with self.graph.scope(name):
            return self.graph.add("gather", [source, self.index], {"rows": batch})[0]
