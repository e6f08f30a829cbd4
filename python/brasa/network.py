"""The graph of layers: which layer is applied to what, in an order that can run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from brasa.graph.ids import limits_of_ids
from brasa.graph.symbol import Symbol
from brasa.graph.trace import Graph, Traced
from brasa.layers.base import Layer
from brasa.layers.tensor import LayerCall, LayerTensor, Part, Use
from brasa.layers.tracing import FURTHER_LENGTHS, is_open, row_of
from brasa.layers.weighted import free_name
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
        self.calls = _in_order(self.inputs, self.outputs)
        self.layers = _by_depth(self.calls, self.outputs)
        _name_uniquely(self.layers)
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

        The weights are shared.
        """
        self.require_fitting("", inputs)
        tensors = dict(zip(self.inputs, inputs, strict=True))
        use = Use(part, list(inputs))
        for call in self.calls:
            values: Any = [tensors[tensor] for tensor in call.input_list]
            values = values[0] if isinstance(call.inputs, LayerTensor) else values
            told = training if call.training is None else call.training
            result = call.layer(values, training=told, **call.options)
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
            values: Any = inputs[0] if isinstance(call.inputs, LayerTensor) else inputs
            before = len(graph.nodes)
            with graph.scope(call.layer.name):
                try:
                    told = training if call.training is None else call.training
                    result = call.layer(values, training=told, **call.options)
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


def _in_order(inputs: Sequence[LayerTensor], outputs: Sequence[LayerTensor]) -> list[LayerCall]:
    order: dict[LayerCall, None] = {}
    reachable = set(inputs)
    # Depth first without recursion: deep networks have thousands of layers.
    stack: list[tuple[LayerTensor, bool]] = [(tensor, False) for tensor in reversed(outputs)]
    while stack:
        tensor, children_done = stack.pop()
        if tensor in reachable or (tensor.call is not None and tensor.call in order):
            continue
        if tensor.call is None:
            raise ValueError(
                f"the outputs depend on the input {tensor.name!r} {tensor.shape}, "
                "which is not among the model's inputs"
            )
        if children_done:
            order[tensor.call] = None
        else:
            stack.append((tensor, True))
            stack.extend((child, False) for child in reversed(tensor.call.input_list))
    return list(order)


def _by_depth(calls: Sequence[LayerCall], outputs: Sequence[LayerTensor]) -> list[Layer]:
    """The layers as Keras lists them: by their distance from the outputs, the farthest first.

    Those at one distance come in the order in which a walk from the outputs to the inputs meets
    them. The distance is the longest path; that of a shared layer counts for all of its uses.
    """
    depths: dict[LayerCall, int] = {}
    layers: dict[Layer, int] = {}
    for call in reversed(calls):
        depth = max(depths.get(call, 0), layers.get(call.layer, 0))
        layers[call.layer] = depth
        for tensor in call.input_list:
            if tensor.call is not None:
                depths[tensor.call] = max(depth + 1, depths.get(tensor.call, 0))
    met: dict[Layer, None] = {}
    unseen = set(calls)  # an input may be another model's inner tensor: what made it is no part
    stack = list(reversed(outputs))
    while stack:
        origin = stack.pop().call
        if origin in unseen:
            unseen.remove(origin)
            met.setdefault(origin.layer)
            stack.extend(reversed(origin.input_list))
    return sorted(met, key=lambda layer: -layers[layer])


def _name_uniquely(layers: Sequence[Layer]) -> None:
    """Give new names where two layers have the same.

    Those that the user chose stay, and, before those of new layers, those from other models.
    """
    taken: set[str] = set()
    for layer in layers:
        if layer.named_by_user:
            if layer.name in taken:
                raise ValueError(f"two layers of the model are named {layer.name!r}")
            taken.add(layer.name)
    for known in (True, False):
        for layer in layers:
            if layer.named_by_user or layer.named_by_model is not known:
                continue
            if layer.name in taken:
                _rename(layer, free_name(layer.default_name, taken))
            layer.named_by_model = True
            taken.add(layer.name)


def _origin(tensor: LayerTensor) -> str:
    """The name of the layer that a tensor comes from; it may be younger than the tensor."""
    return tensor.name if tensor.call is None else tensor.call.layer.name


def _rename(layer: Layer, name: str) -> None:
    for parameter in layer.parameters:
        if not layer._is_held:  # else it has the name of the layer that holds it
            parameter.name = f"{name}/{layer.name_of(parameter)}"
    layer.name = name
