"""The forward pass as a list of steps, with what of it follows from the extents of the data.

A graph has concrete shapes. So the network is traced for several batch sizes, and several lengths
of each open axis: an extent is the tuple of what it was in each trace. Those that stayed the same
are numbers; the others are found at run time (extents.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from brasa.graph import fuse
from brasa.graph.recording import recording
from brasa.graph.symbol import External, Symbol
from brasa.graph.trace import Graph
from brasa.network import Network

Extent = tuple[int, ...]
OpenShape = tuple[int | None, ...]

# Two sizes tell what depends on them, a third one how.
_BATCHES = (2, 3, 5)

# What is added to an open length, whatever it is at first: multiples of what networks halve images
# by, and numbers with other remainders, for networks that take those.
_MORE, _OTHER_REMAINDERS = (1920, 3840), (1, 2, 3)

_FIX_THEM = "export with input_signature=..., or give Input fixed extents"


@dataclass(eq=False)
class Tensor:
    """What a step reads or gives. ``source``: where it comes from if no step gives it."""

    dtype: str
    shape: tuple[Extent, ...]
    source: Any = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def fixed_shape(self) -> tuple[int, ...] | None:
        """The shape where it is the same for all data, else None."""
        extents = [fixed(extent) for extent in self.shape]
        return None if None in extents else tuple(extent or 0 for extent in extents)


@dataclass(eq=False)
class Step:
    """One op: its name in csrc/ops, operands, results, and its attributes in each trace."""

    op: str
    name: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    attributes: tuple[Mapping[str, Any], ...]

    @property
    def layer(self) -> str:
        """The name of the layer that it belongs to."""
        return self.name.partition("/")[0]

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute; ValueError where it depends on the extents of the data."""
        value, *others = [attributes.get(name, default) for attributes in self.attributes]
        if any(other != value for other in others):
            raise ValueError(f"{name} depends on the extents of the data: {_FIX_THEM}")
        return value

    def extent(self, name: str) -> Extent:
        """An attribute that is a whole number, of which each trace has its own."""
        return tuple(int(attributes[name]) for attributes in self.attributes)

    def extents(self, name: str) -> tuple[Extent, ...]:
        """Likewise one that is a list of them."""
        lists = [attributes[name] for attributes in self.attributes]
        return tuple(zip(*(map(int, values) for values in lists), strict=True))


@dataclass
class Steps:
    """The whole forward pass."""

    inputs: list[Tensor]
    outputs: list[Tensor]
    steps: list[Step]


def fixed(extent: Extent) -> int | None:
    """The number that an extent is, None where it depends on the data."""
    return extent[0] if len(set(extent)) == 1 else None


def steps_of(network: Network, shapes: Sequence[OpenShape]) -> Steps:
    """Trace the network for inputs of these shapes, batch included; None is open."""
    traces = [_trace(network, sizes) for sizes in _first_sizes(network, shapes)]
    first, tied = traces[0], []
    for at, axis in [(at, a) for at, s in enumerate(shapes) for a in range(1, len(s))]:
        if shapes[at][axis] is not None:
            continue
        try:
            traces += [_changed(network, first, [(at, axis)], more) for more in _MORE]
        except ValueError:  # it cannot change alone
            tied.append((at, axis))
            continue
        _require_same_ops(first, traces[-1])
        traces += _remainders(network, first, [(at, axis)])
    if tied:
        traces += [_changed(network, first, tied, more) for more in _MORE]
        traces += _remainders(network, first, tied)
    for trace in traces:
        _require_same_ops(first, trace)
    return _joined(traces)


class _Traced:
    """One trace: the symbols of inputs and outputs, and the nodes."""

    def __init__(self, inputs: Sequence[Symbol], outputs: Sequence[Symbol]) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.nodes = inputs[0].graph.nodes
        self.sizes = [symbol.shape for symbol in inputs]


def _first_sizes(network: Network, shapes: Sequence[OpenShape]) -> list[list[tuple[int, ...]]]:
    """The shapes of all inputs for one length of the open axes that fits, and each batch size."""
    rows = [shape[1:] for shape in shapes]
    found = rows
    if any(None in row for row in rows):
        found = [symbol.shape[1:] for symbol in network.probe()[0]]
    sizes = [_filled(*pair) for pair in zip(rows, found, strict=True)]
    batches = _BATCHES if shapes[0][0] is None else (shapes[0][0],)
    return [[(batch, *size) for size in sizes] for batch in batches]


def _filled(row: OpenShape, found: OpenShape) -> tuple[int, ...]:
    pairs = zip(row, found, strict=True)
    return tuple((other or 0) if extent is None else extent for extent, other in pairs)


def _changed(
    network: Network, first: _Traced, axes: Sequence[tuple[int, int]], more: int
) -> _Traced:
    """A trace for longer axes, given as (input, axis), than the first one has."""
    sizes = [list(size) for size in first.sizes]
    for at, axis in axes:
        sizes[at][axis] += more
    return _trace(network, [tuple(size) for size in sizes])


def _remainders(network: Network, first: _Traced, axes: Sequence[tuple[int, int]]) -> list[_Traced]:
    traces = []
    for more in _OTHER_REMAINDERS:
        with suppress(ValueError):
            traces.append(_changed(network, first, axes, more))
    return traces


def _trace(network: Network, sizes: Sequence[tuple[int, ...]]) -> _Traced:
    graph = Graph()
    inputs = [
        graph.source(External(f"x{i}"), size, tensor.dtype)
        for i, (tensor, size) in enumerate(zip(network.inputs, sizes, strict=True))
    ]
    with recording(graph):
        outputs = network.trace(graph, inputs)
    fuse.drop_dead(graph, outputs)
    return _Traced(inputs, outputs)


def _joined(traces: Sequence[_Traced]) -> Steps:
    """The traces as one: they differ in shapes and attributes alone."""
    tensors: dict[Symbol, Tensor] = {}

    def tensor(symbols: Sequence[Symbol | None]) -> Tensor | None:
        symbol = symbols[0]
        if symbol is None:
            return None
        if symbol not in tensors:
            if any(s.source != symbol.source for s in symbols if s is not None):
                raise ValueError(
                    f"export: an array beside the tensors is another for other extents: {_FIX_THEM}"
                )
            shape = zip(*(s.shape for s in symbols if s is not None), strict=True)
            tensors[symbol] = Tensor(symbol.dtype, tuple(shape), symbol.source)
        return tensors[symbol]

    def all_of(lists: Sequence[Sequence[Symbol | None]]) -> Any:
        return tuple(tensor(symbols) for symbols in zip(*lists, strict=True))

    inputs = all_of([trace.inputs for trace in traces])
    steps = []
    for nodes in zip(*(trace.nodes for trace in traces), strict=True):
        operands = all_of([node.inputs for node in nodes])
        results = all_of([node.outputs for node in nodes])
        attributes = tuple(node.attributes for node in nodes)
        steps.append(Step(nodes[0].op, nodes[0].name, operands, results, attributes))
    return Steps(list(inputs), list(all_of([trace.outputs for trace in traces])), steps)


def _require_same_ops(first: _Traced, other: _Traced) -> None:
    for ours, its in zip_longest(first.nodes, other.nodes):
        if ours is None or its is None or (ours.op, ours.name) != (its.op, its.name):
            layer = (ours or its).name.partition("/")[0]
            raise ValueError(
                f"export: layer {layer!r} has other ops for other extents of the data, such as "
                f"some for each step of a sequence: {_FIX_THEM}"
            )
