"""The plan of a function and its gradients, for arguments of one set of shapes and types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import shown
from brasa.graph import fuse
from brasa.graph.gradients import add_gradients, dependent_on
from brasa.graph.ids import limits_of_ids
from brasa.graph.lower import CompiledPlan, Place, Segment, compile_graph
from brasa.graph.recording import recording
from brasa.graph.symbol import State, Symbol
from brasa.graph.trace import Graph
from brasa.ops.dispatch import lifted
from brasa.parameter import Parameter, Writes
from brasa.places import Places
from brasa.seed import next_numbers

Array = NDArray[Any]
Spec = tuple[str, tuple[int, ...]]  # type and shape of an argument

_ZERO = np.zeros(1, np.float32)
_TENSOR = "made of its arguments and of weights by brasa.ops, layers, models and operators"


class Wanted(NamedTuple):
    """What a function is to give beside its value."""

    arguments: tuple[int, ...]  # gradients by these
    weights: tuple[Parameter, ...]  # and by these
    other: bool  # what it returns beside the value


class FunctionPlan(NamedTuple):
    """What runs for arguments of one set of shapes and types.

    Weights are bound where they lie at each run: what was learned in between is seen.
    """

    plan: CompiledPlan
    limits: list[int | None]  # what the whole numbers of each argument stay below
    results: list[tuple[tuple[int, ...], bool]]  # shapes, and whether they are all zeros
    other: Any  # numbers of results, in the lists and dictionaries of what is beside the value
    gradients: int  # how many of the results, the last, are gradients
    weights: list[tuple[Parameter, bool]]  # and whether the plan moves them
    beside: list[str]  # what else is read: "random" numbers, a "zero"
    constants: list[Array]

    def run(self, arguments: Sequence[Array]) -> tuple[Array, Any, list[Array]]:
        """The value, what was returned beside it, and the gradients, in arrays of their own."""
        results = [
            np.zeros(shape, np.float32) if is_zero else np.empty(shape, np.float32)
            for shape, is_zero in self.results
        ]
        written = [r for r, (_, is_zero) in zip(results, self.results, strict=True) if not is_zero]
        weights = [p.to_write() if moves else p.now() for p, moves in self.weights]
        beside = [next_numbers() if name == "random" else _ZERO for name in self.beside]
        bound = [*arguments, *written, *weights, *beside, *self.constants]
        self.plan.run_bound(bound, Writes.count)
        return results[0], _filled(self.other, results), results[len(results) - self.gradients :]


class FunctionPlanner(Places):
    """Runs a function on symbols and makes its plan; used once."""

    def __init__(self, what: str) -> None:
        super().__init__(Graph(gradients=True, batched=False))
        self.what = what
        self._results: list[tuple[tuple[int, ...], bool]] = []

    def build(
        self, function: Callable[..., Any], specs: Sequence[Spec], wanted: Wanted
    ) -> FunctionPlan:
        """The plan for such arguments."""
        graph = self.graph
        arguments = [self._external(f"argument {i}", s, t) for i, (t, s) in enumerate(specs)]
        with recording(graph):
            value, other = self._called(function, arguments, wanted.other)
        found = limits_of_ids(graph.nodes)
        self._give_copy(value)
        numbers = self._give_each(other) if wanted.other else None
        fuse.fuse_losses(graph)
        fuse.pool_first(graph)
        fuse.activate_normalized(graph)
        by_weights = [graph.source(p, p.shape) for p in wanted.weights]
        by_all = [*(arguments[i] for i in wanted.arguments), *by_weights]
        self._differentiate(value, by_all)
        weights = self._place_weights()
        beside = [name for name in ("random", "zero") if name in graph.sources]
        for name in beside:
            self._segment_of(graph.sources[name], name)
        arrays = self._place_constants()
        # Weights whose gradients are wanted change all the time: nothing is kept of them.
        still = [p for p, moves in weights if not moves and p in graph.sources]
        constants = set() if by_weights else {graph.sources[p] for p in still}
        return FunctionPlan(
            compile_graph(graph, self.places, self.segments, self.kept, constants),
            [found.get(symbol) for symbol in arguments],
            self._results,
            numbers,
            len(by_all),
            weights,
            beside,
            list(arrays.values()),
        )

    def _called(
        self, function: Callable[..., Any], arguments: Sequence[Symbol], has_other: bool
    ) -> tuple[Symbol, Any]:
        """The value and what comes beside it, as symbols of the graph."""
        try:
            result = function(*arguments)
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{self.what} cannot be computed: {error}") from error
        is_pair = isinstance(result, (tuple, list)) and len(result) == 2
        if has_other and not is_pair:
            raise TypeError(
                f"{self.what}: with has_aux=True it must return (value, other), got {shown(result)}"
            )
        if not has_other:
            hint = ", or (value, other) with has_aux=True" if is_pair else ""
            return self._tensor(result, hint), None
        return self._tensor(result[0]), result[1]

    def _tensor(self, value: Any, hint: str = "") -> Symbol:
        value = lifted(value)
        if not isinstance(value, Symbol):
            raise TypeError(f"{self.what} must return a tensor {_TENSOR}{hint}, got {shown(value)}")
        if value.graph is not self.graph:
            raise ValueError(f"{self.what} returns a tensor of another call")
        if value.dtype != "float32":
            raise TypeError(f"{self.what} must return float32, got {value.dtype}")
        return value

    def _give_each(self, other: Any) -> Any:
        """Have tensors in lists and dictionaries be results; gives their numbers in their stead."""
        if isinstance(other, Mapping):
            return {key: self._give_each(value) for key, value in other.items()}
        if isinstance(other, (list, tuple)):
            each = [self._give_each(value) for value in other]
            return tuple(each) if isinstance(other, tuple) else each
        return self._give_copy(self._tensor(other))

    def _give_copy(self, symbol: Symbol) -> int:
        # A copy: no pass then moves what was asked for, or leaves it out.
        return self._give(self.graph.add("scale", [symbol])[0], symbol.shape)

    def _give(self, symbol: Symbol | None, shape: tuple[int, ...]) -> int:
        """Have every run give this as an array, zeros for None; returns the result's number."""
        self._results.append((shape, symbol is None))
        number = len(self._results) - 1
        if symbol is not None:
            self._result(f"result {number}", symbol)
        return number

    def _differentiate(self, value: Symbol, wanted: Sequence[Symbol]) -> None:
        if value.node is not None and value.node.op == "loss":
            targets = dependent_on(self.graph.nodes, wanted)
            if any(s is not None and s in targets for s in value.node.inputs[1:]):
                raise ValueError(
                    f"{self.what}: a loss has no gradient by its targets and weights: write it as "
                    "ops, or exchange targets and predictions"
                )
        gradients = add_gradients(self.graph, {value: 1.0}, wanted)
        for symbol, gradient in zip(wanted, gradients, strict=True):
            self._give(gradient, symbol.shape)

    def _place_weights(self) -> list[tuple[Parameter, bool]]:
        """Give every weight a segment; returns them, and whether the plan moves them."""
        graph = self.graph
        moved = dict.fromkeys(parameter for parameter, _, _ in graph.moving)
        read = [key for key in graph.sources if isinstance(key, Parameter)]
        names = {p: f"weight {i}" for i, p in enumerate(dict.fromkeys([*read, *moved]))}
        for parameter, name in names.items():
            self.segments.append(Segment(name, 4 * parameter.size))
            if parameter in graph.sources:
                self.places[graph.sources[parameter]] = Place(name)
        for parameter, value, momentum in graph.moving:
            with graph.scope("moving"):
                (after,) = graph.add("moving_average", [value], {"momentum": momentum})
            self._keep(after, Place(names[parameter]))
        for key in graph.sources:
            if isinstance(key, State):
                raise ValueError(
                    f"{self.what} uses the stateful layer {key.owner.name!r}: the states from call "
                    "to call are for models: make one with stateful=False"
                )
        return [(parameter, parameter in moved) for parameter in names]


def _filled(template: Any, results: Sequence[Array]) -> Any:
    """Lists and dictionaries with results in the place of their numbers."""
    if isinstance(template, dict):
        return {key: _filled(value, results) for key, value in template.items()}
    if isinstance(template, (list, tuple)):
        each = [_filled(value, results) for value in template]
        return tuple(each) if isinstance(template, tuple) else each
    return None if template is None else results[template]
