"""Lowering: a graph whose passes are done becomes a plan of the extension."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brasa import _core
from brasa.graph import fuse, lanes, layout, memory
from brasa.graph.constants import constant_first, fold_normalization, pack_weights
from brasa.graph.symbol import Node, State, Symbol
from brasa.graph.trace import Graph

# Results that a kernel may be told to leave out: (op, output).
_OPTIONAL_OUTPUTS = {
    ("conv2d_lanes", 1),
    ("loss", 1),
    ("max_pool2d", 1),
    *((op, output) for op in ("gru", "lstm", "simple_rnn") for output in range(4)),
    *((f"{op}_backward", output) for op in ("gru", "lstm", "simple_rnn") for output in range(6)),
}

ARENA = 0


@dataclass(frozen=True)
class Place:
    """Bytes outside the arena: a segment bound at each run, and an offset into it."""

    segment: str
    offset: int = 0


@dataclass
class Segment:
    """A piece of memory that the caller brings: its name and the least size, in bytes."""

    name: str
    bytes: int


class CompiledPlan:
    """A plan, and what it needs to be run: the arrays to bind, in order."""

    def __init__(
        self,
        plan: _core.Plan,
        segments: Sequence[Segment],
        buffers: int,
        bound: int,
        asked: Mapping[Any, bool],
    ) -> None:
        self._plan = plan
        self.segments = tuple(segments)
        self.buffer_count = buffers
        self.lower_bound = bound
        # What layers keep between batches: (State, name of the segment, shape).
        self.states: list[tuple[State, str, tuple[int, ...]]] = []
        # The graph's own arrays, by segment.
        self.constants: dict[str, Any] = {}
        self.moves = False  # statistics of normalizations, though it does not train
        # What metrics in Python read after a run: the shape of each such segment.
        self.watched: dict[str, tuple[int, ...]] = {}
        self._version: int | None = None
        self._asked = asked  # layers, whether they are trained

    @property
    def is_of_now(self) -> bool:
        """Whether the layers that were asked would answer the same again."""
        return all(layer.trainable == said for layer, said in self._asked.items())

    @property
    def draws(self) -> bool:
        """Whether it reads random numbers."""
        return any(segment.name == "random" for segment in self.segments)

    @property
    def arena_bytes(self) -> int:
        """Bytes that the plan allocated: buffers and scratch."""
        return int(self._plan.arena_bytes)

    def run(self, arrays: Mapping[str, Any], version: int | None = None) -> None:
        """Run all steps on the arrays, one for each segment."""
        self.run_bound([arrays[segment.name] for segment in self.segments], version)

    def run_bound(self, arrays: Sequence[Any], version: int | None = None) -> None:
        """Run all steps on the arrays in the order of ``segments``.

        What follows from the constants alone is kept from the last run of the same ``version``.
        """
        if self._plan.constant_steps and (version is None or version != self._version):
            self._plan.prepare(arrays)
            self._version = version
        self._plan.run(arrays)

    def reserve(self, there: Collection[str]) -> None:
        """Have the device's memory for the segments that are not among those bound there already.

        MemoryError where it has no room; without this it is taken when a run needs it.
        """
        self._plan.reserve([segment.name not in there for segment in self.segments])

    def profile(self, arrays: Mapping[str, Any], repeats: int = 10) -> list[dict[str, Any]]:
        """The steps of ``run`` with the median seconds of ``repeats`` of them. The runs are real.

        Those that are done once for constant weights are left out.
        """
        bound = [arrays[segment.name] for segment in self.segments]
        rounds = []
        self._plan.prepare(bound)
        early = self._plan.constant_steps
        for _ in range(repeats):
            self._plan.profile(bound)
            rounds.append([step["seconds"] for step in self._plan.steps()[early:]])
        steps = list(self._plan.steps()[early:])
        for step, seconds in zip(steps, zip(*rounds, strict=True), strict=True):
            step["seconds"] = sorted(seconds)[len(seconds) // 2]
        return steps

    def describe(self) -> str:
        """A table of the steps, with bytes and flops, and the memory in all."""
        rows = [("step", "op", "threads", "bytes", "flops")]
        rows += [
            (
                step["name"],
                step["op"],
                str(step["threads"]),
                f"{step['bytes']:,}",
                f"{step['flops']:,.0f}",
            )
            for step in self._plan.steps()
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        lines = [
            "  ".join(
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        if self._plan.capture_failure:
            lines.append(f"not captured as a graph: {self._plan.capture_failure}")
        lines.append(
            f"{len(rows) - 1} steps, {self.buffer_count} buffers, arena {self.arena_bytes:,} bytes "
            f"(scratch {self._plan.scratch_bytes:,}; up to {self.lower_bound:,} alive at once)"
        )
        return "\n".join(lines)


def compile_graph(
    graph: Graph,
    places: Mapping[Symbol, Place],
    segments: Sequence[Segment],
    kept: Collection[Symbol],
    constants: Collection[Symbol] = (),
) -> CompiledPlan:
    """Run the passes that follow the gradients, and build the plan.

    ``places`` says where sources and results lie that are not the plan's own; ``kept`` names the
    symbols whose values are wanted (all nodes that serve none of them are dropped); ``constants``
    the sources that stay the same from run to run, until the caller says otherwise.
    """
    storage = layout.storage_of(graph, _fuse(graph, kept, constants))
    nodes = layout.without_views(graph.nodes)
    # A result that lies outside takes its whole storage group with it.
    outside = {storage.get(symbol, symbol): place for symbol, place in places.items()}
    nodes, early = constant_first(nodes, constants, outside)
    unread = _left_out(nodes, storage, kept)
    blocks = memory.lives(nodes, storage, {*outside, *unread}, early)
    arena = memory.place(blocks.values())
    numbers = {segment.name: index + 1 for index, segment in enumerate(segments)}

    def operand(symbol: Symbol | None) -> tuple[Any, ...] | None:
        if symbol is None or symbol in unread:
            return None
        root = storage[symbol]
        if root in outside:
            place = outside[root]
            return numbers[place.segment], place.offset, symbol.dtype, symbol.shape
        if root not in blocks:
            raise ValueError(
                f"{root.source!r} is read, which is no weight of the model: the layer that has it "
                "must be an attribute of what uses it, made in __init__ or build()"
            )
        return ARENA, blocks[root].offset, symbol.dtype, symbol.shape

    steps = [
        (
            node.op,
            node.name,
            dict(node.attributes),
            [operand(symbol) for symbol in node.inputs],
            [operand(symbol) for symbol in node.outputs],
        )
        for node in nodes
    ]
    plan = _core.Plan(steps, arena, [segment.bytes for segment in segments], early)
    bound = memory.lower_bound(blocks.values())
    return CompiledPlan(plan, segments, len(blocks), bound, graph.asked)


def _fuse(
    graph: Graph, kept: Collection[Symbol], constants: Collection[Symbol]
) -> dict[Symbol, Symbol]:
    """Run the passes that change the graph; returns which symbols share memory for that."""
    fuse.drop_dead(graph, kept)
    fuse.sum_before_unpooling(graph)
    if _core.runs("batch_norm_fold"):
        fold_normalization(graph, kept, constants)
    fuse.fuse_epilogues(graph, kept)
    lanes.use_lanes(graph, kept, _core.lanes())
    if _core.runs("conv2d_pack"):
        pack_weights(graph, constants)
    shared = fuse.fuse_sums(graph, kept, constants)
    return shared | fuse.bias_in_place(graph, kept, constants)


def _left_out(
    nodes: Sequence[Node], storage: Mapping[Symbol, Symbol], kept: Collection[Symbol]
) -> set[Symbol]:
    # Who reads a view reads what it is a view of.
    read = {storage[symbol] for node in nodes for symbol in node.inputs if symbol is not None}
    read.update(storage.get(symbol, symbol) for symbol in kept)
    return {
        symbol
        for node in nodes
        for index, symbol in enumerate(node.outputs)
        if (node.op, index) in _OPTIONAL_OUTPUTS and symbol not in read
    }
