"""The graph of layers: which layer is applied to what, in an order that can run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from brasa.graph.ids import limits_of_ids
from brasa.graph.symbol import Symbol
from brasa.graph.trace import Graph, Traced
from brasa.layer_order import calls_in_order, layers_by_depth, name_uniquely
from brasa.layers.positional import applied, arranged_like
from brasa.layers.tensor import LayerTensor, Part, Use
from brasa.layers.tracing import FURTHER_LENGTHS, is_open, row_of
from brasa.outputs import arranged, told_apart
from brasa.parameter import Parameter

Rows = tuple[tuple[int, ...], ...]


class Network:
    """Any directed acyclic graph of layer calls; layers may be shared."""

    def __init__(
        self,
        inputs: Sequence[LayerTensor],
        outputs: Sequence[LayerTensor],
        keys: Sequence[str] | None = None,  # where the outputs are a dictionary
    ) -> None:
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.calls = calls_in_order(self.inputs, self.outputs)
        self.layers = layers_by_depth(self.calls, self.outputs)
        name_uniquely(self.layers)
        self.input_names = told_apart([tensor.name for tensor in self.inputs])
        self.keys = None if keys is None else tuple(keys)
        self.output_names = list(keys or told_apart(list(map(_origin, self.outputs))))
        self._output_rows: dict[Rows, Rows] = {}

    def arranged(self, values: Sequence[Any]) -> Any:
        """What stands for the outputs as users see them: one, a list, or a dictionary."""
        return arranged(values, self.keys)

    @property
    def parameters(self) -> list[Parameter]:
        """The weights of all layers, in order; layers may share one that is a part of them."""
        return list(dict.fromkeys(p for layer in self.layers for p in layer.weights))

    @property
    def names(self) -> dict[Parameter, str]:
        """What files call the weights: as if each layer stood in none but those of the model."""
        names = dict.fromkeys(self.parameters, "")
        for layer in dict.fromkeys(call.layer for call in self.calls):
            for p in layer.weights:
                if not (names[p] and layer._is_held):
                    names[p] = f"{layer.name}/{layer.name_of(p)}"
        return names

    @property
    def trainable(self) -> list[Parameter]:
        """The weights that training changes."""
        return list(dict.fromkeys(p for layer in self.layers for p in layer.trainable_weights))

    @cached_property
    def is_open(self) -> bool:
        """Whether an input has an open axis besides the batch, such as the time."""
        return any(is_open(tensor.shape) for tensor in self.inputs)

    @cached_property
    def id_limits(self) -> list[int | None]:
        """For each input the number that its values must stay below: the smallest embedding's rows.

        None where the values name nothing.
        """
        if all(tensor.dtype == "float32" for tensor in self.inputs):
            return [None for _ in self.inputs]
        symbols, _ = self.probe()
        found = limits_of_ids(symbols[0].graph.nodes)
        return [found.get(symbol) for symbol in symbols]

    def output_rows(self, rows: Rows) -> Rows:
        """The extents of one sample of each output, for inputs whose samples have these."""
        if not self.is_open:
            return tuple(row_of(tensor.shape) for tensor in self.outputs)
        if rows not in self._output_rows:
            _, outputs = self.probe(rows)
            self._output_rows[rows] = tuple(symbol.shape[1:] for symbol in outputs)
        return self._output_rows[rows]

    def probe(self, rows: Rows | None = None) -> tuple[list[Symbol], list[Symbol]]:
        """Inputs and outputs of a graph of one sample, of the given extents or of any that fit."""
        graph = Graph()
        inputs = self.sample(graph, rows)
        try:
            return inputs, self.trace(graph, inputs)
        except ValueError:
            for length in FURTHER_LENGTHS if rows is None and self.is_open else ():
                with suppress(ValueError):
                    return self.probe(tuple(row_of(x.shape, length) for x in self.inputs))
            raise

    def sample(self, graph: Graph, rows: Rows | None = None) -> list[Symbol]:
        """Inputs of one sample in a graph."""
        if rows is None:
            rows = tuple(row_of(tensor.shape) for tensor in self.inputs)
        pairs = enumerate(zip(self.inputs, rows, strict=True))
        return [graph.external(f"x{i}", (1, *row), tensor.dtype) for i, (tensor, row) in pairs]

    def connect(
        self, inputs: Sequence[LayerTensor], training: bool | None, part: Part
    ) -> list[LayerTensor]:
        """Apply all layers once more, to other tensors, as a part of another model.

        The weights are shared. An Input that did not say its type gets that of these inputs.
        """
        for own, given in zip(self.inputs, inputs, strict=False):
            if given.dtype_is_open and not own.dtype_is_open:
                given.dtype, given.dtype_is_open = own.dtype, False
        self.require_fitting("", inputs)
        tensors = dict(zip(self.inputs, inputs, strict=True))
        use = Use(part, list(inputs))
        for call in self.calls:
            values = arranged_like(call.inputs, [tensors[tensor] for tensor in call.input_list])
            told = training if call.training is None else call.training
            result = applied(call.layer, values, training=told, **call.options)
            results = result if isinstance(result, list) else [result]
            results[0].call.uses = (use, *call.uses)
            tensors.update(zip(call.outputs, results, strict=True))
        return [tensors[tensor] for tensor in self.outputs]

    def require_fitting(self, owner: str, inputs: Sequence[LayerTensor | Symbol]) -> None:
        """ValueError unless number and types of the tensors are those of the inputs."""
        start = f"{owner}: " if owner else ""
        if len(inputs) != len(self.inputs):
            raise ValueError(f"{start}takes {len(self.inputs)} inputs, got {len(inputs)}")
        for own, given in zip(self.inputs, inputs, strict=True):
            if own.dtype != given.dtype:
                raise ValueError(f"{start}takes {own.dtype}, got a tensor of {given.dtype}")

    def trace(
        self,
        graph: Graph,
        inputs: Sequence[Symbol],
        training: bool | None = None,
        *,
        inside: bool = False,
    ) -> list[Symbol]:
        """Record the whole network on the inputs' symbols and return the outputs'.

        ``inside``: as a part of a layer, which stands for it in the list of calls.
        """
        symbols: dict[LayerTensor, Symbol] = dict(zip(self.inputs, inputs, strict=True))
        for position, call in enumerate(self.calls):
            inputs = [symbols[tensor] for tensor in call.input_list]
            values = arranged_like(call.inputs, inputs)
            before = len(graph.nodes)
            with graph.scope(call.layer.name):
                try:
                    told = training if call.training is None else call.training
                    result = applied(call.layer, values, training=told, **call.options)
                except ValueError as error:
                    raise ValueError(
                        f"layer {call.layer.name!r} (number {position}): {error}"
                    ) from None
            results = result if isinstance(result, (list, tuple)) else [result]
            symbols.update(zip(call.outputs, results, strict=True))
            if not inside:
                nodes = tuple(graph.nodes[before:])
                graph.calls.append(Traced(call, tuple(inputs), tuple(results), nodes))
        return [symbols[tensor] for tensor in self.outputs]


def are_symbols(values: Sequence[Any]) -> bool:
    """Whether these are what a layer's ``call`` gets while a plan is made."""
    return bool(values) and all(isinstance(value, Symbol) for value in values)


def _origin(tensor: LayerTensor) -> str:
    """The name of the layer that a tensor comes from; it may be younger than the tensor."""
    return tensor.name if tensor.call is None else tensor.call.layer.name
