"""What a training step does with its losses: gradients, penalties, the optimizer, averages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brasa.graph.gradients import add_gradients
from brasa.graph.layout import origin_of
from brasa.graph.lower import Place, Segment
from brasa.graph.symbol import Symbol
from brasa.graph.trace import Graph, whole_tensors
from brasa.optimizers import Optimizer
from brasa.optimizers.phase import AVERAGE, GATHERED, Phase
from brasa.parameter import Parameter, constrained
from brasa.places import Places
from brasa.plan_key import Objective, PlanKey
from brasa.store import ParameterStore, Span, penalty_of


class Updates(Places):
    """Records how the weights follow the losses."""

    def __init__(
        self, graph: Graph, store: ParameterStore, objective: Objective | None, key: PlanKey
    ) -> None:
        super().__init__(graph)
        self.store, self.objective, self.key = store, objective, key
        self._penalized: set[Symbol] = set()

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
            return self._sum(values)

    def _sum(self, values: Sequence[Symbol]) -> Symbol:
        total = values[0]
        for value in values[1:]:
            (total,) = self.graph.add("add", [total, value])
        return total

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

        Not where the whole gradient is wanted, and not where it is clipped or gathered before.
        """
        assert self.objective is not None
        phase = self.key.phase
        if self.key.mode != "train" or (phase is not None and phase.gathers):
            return False
        return not self.objective.optimizer.clipping

    def _with_slope(self, symbol: Symbol, gradient: Symbol | None) -> Symbol | None:
        if not isinstance(symbol.source, Parameter) or not any(penalty_of(symbol.source)):
            return gradient
        graph, (l1, l2) = self.graph, penalty_of(symbol.source)
        with graph.scope("penalty"):
            if self._slopes_in_step():
                # A plan that wanted the whole gradient left the slope in the buffer.
                if gradient is not None:
                    return gradient
                return graph.add("scale", [symbol], {"factor": 0.0})[0]
            (slope,) = graph.add("penalty_backward", [symbol], {"l1": l1, "l2": l2})
            return slope if gradient is None else graph.add("add", [gradient, slope])[0]

    def _optimize(self, optimizer: Optimizer) -> None:
        graph, store = self.graph, self.store
        if not store.trainable:
            raise ValueError("the model has no trainable weights: there is nothing to train")
        hyper = graph.source("hyper", (2,), "float64")
        self._segment_of(hyper, "hyper")
        for name in optimizer.buffers:
            self.segments.append(Segment(f"slot_{name}", store.trainable_size * 4))
        phase = Phase() if self.key.phase is None else self.key.phase
        with graph.scope("optimizer"):
            if phase.gathers:
                self._gather(phase)
            if phase.updates:
                self._clip(optimizer.clipping)
                for span in store.weight_spans() if optimizer.whole_weights else store.spans:
                    self._step(optimizer, span, hyper)
            if phase.momentum is not None:
                self._average(phase, phase.momentum)

    def _gather(self, phase: Phase) -> None:
        """Add to the gradients of the batches before; with the last of them, make their mean."""
        kept = Place(f"slot_{GATHERED}")
        gradient, before = self._whole("gradients"), self._whole(kept.segment)
        (total,) = self.graph.add("add", [gradient, before])
        if not phase.updates:
            self._keep(total, kept)
            return
        self._keep(total, Place("gradients"))
        (mean,) = self.graph.add("scale", [total], {"factor": 1 / phase.gathers})
        self._keep(mean, Place("gradients"))
        self._keep(self.graph.zeros((self.store.trainable_size,)), kept)

    def _average(self, phase: Phase, momentum: float) -> None:
        """Move the averages towards the weights, or set them to these; and the other way round."""
        kept, weights = Place(f"slot_{AVERAGE}"), self._whole("parameters")
        op, attributes = ("moving_average", {"momentum": momentum}) if momentum else ("scale", {})
        (moved,) = self.graph.add(op, [weights], attributes)
        self._keep(moved, kept)
        if phase.overwrites:
            self._keep(self.graph.add("scale", [moved])[0], Place("parameters"))

    def _whole(self, segment: str) -> Symbol:
        """What a segment holds of all weights that train, when the steps before have run."""
        symbol = self.graph.source((segment, "whole"), (self.store.trainable_size,))
        self.places[symbol] = Place(segment)
        return symbol

    def _step(self, optimizer: Optimizer, span: Span, hyper: Symbol) -> None:
        """One kernel for all weights that are treated alike, or for each weight."""
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

    def _constrain(self) -> None:
        """Bring the weights back to where they have to stay, in place, once the step is made."""
        for parameter in self.store.trainable:
            if parameter.constraint is None:
                continue
            # Another source than the weight: a node that reads it comes after the optimizer's.
            stepped = self.graph.source(("stepped", parameter), parameter.shape)
            place = Place("parameters", 4 * self.store.offsets[parameter])
            self.places[stepped] = place
            with self.graph.scope("constraint"), whole_tensors(self.graph):
                wanted = constrained(parameter, stepped)
                # The copy is the only node that writes: all others have read the weight by then.
                self._keep(self.graph.add("scale", [wanted])[0], place)

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
