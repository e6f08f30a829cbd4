"""The gradient pass: from the losses back to what is wanted, by the rule of each op.

Nothing is summed into buffers here: several contributions to one tensor meet in an ``add``, which
the fuse pass may dissolve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brasa.graph import (  # noqa: F401 (they join the table)
    backward_rules,
    broadcast_rules,
    elementwise_rules,
    reduce_rules,
)
from brasa.graph.fuse import split_activations
from brasa.graph.gradient_rules import RULES
from brasa.graph.symbol import Node, Symbol
from brasa.graph.trace import Graph

# What one add takes (kMaxAddends in csrc/ops/elementwise.h).
_ADDENDS = 16

# Masks, and whole numbers: they stay what they are however the values move a little.
_STEPS = {"mask_of_ids", "mask_of_rows", "mask_weights", "equal", "less", "less_equal", "cast_int"}


def add_gradients(
    graph: Graph, losses: Mapping[Symbol, float], wanted: Sequence[Symbol]
) -> list[Symbol | None]:
    """Record the gradients of ``sum of factor * loss`` by each wanted symbol.

    None stands for a symbol that the losses do not depend on.
    """
    split_activations(graph)
    forward = list(graph.nodes)
    needed = dependent_on(forward, wanted)
    found: dict[Symbol, list[Symbol]] = {}
    for value, factor in losses.items():
        if value in needed and not _is_loss(value):
            # Any number times 0: the ops have no constants.
            found[value] = [*graph.add("scale", [value], {"factor": 0.0, "offset": factor})]
            graph.seeds += found[value]
    for node in reversed(forward):
        if node.op == "loss" and node.outputs[0] in losses:
            predictions = node.inputs[0]
            if predictions is not None and predictions in needed:
                seed = _scaled(graph, node, losses[node.outputs[0]])
                found.setdefault(predictions, []).append(seed)
            continue
        upstream = [_total(graph, found.get(output, []), node) for output in node.outputs]
        needs = [symbol in needed for symbol in node.inputs]
        if not any(needs) or all(gradient is None for gradient in upstream):
            continue
        if node.op not in RULES:
            raise ValueError(f"op {node.op!r} ({node.name}) has no gradient")
        with graph.scope(f"{_layer_of(node)}/backward"):
            gradients = RULES[node.op](graph, node, upstream, needs)
        for symbol, gradient in zip(node.inputs, gradients, strict=True):
            if symbol is not None and gradient is not None and symbol in needed:
                found.setdefault(symbol, []).append(gradient)
    return [_total(graph, found.get(symbol, []), None) for symbol in wanted]


def dependent_on(nodes: Sequence[Node], wanted: Sequence[Symbol]) -> set[Symbol | None]:
    """These symbols, and all that changes with them."""
    needed: set[Symbol | None] = set(wanted)
    for node in nodes:
        if node.op not in _STEPS and any(symbol in needed for symbol in node.inputs):
            needed.update(node.outputs)
    return needed


def _is_loss(value: Symbol) -> bool:
    """Whether a loss is the op of that name, which has its gradient by the predictions."""
    return value.node is not None and value.node.op == "loss"


def _layer_of(node: Node) -> str:
    return node.name.rpartition("/")[0] or node.name


def _scaled(graph: Graph, node: Node, factor: float) -> Symbol:
    gradient = node.outputs[1]
    if factor == 1:
        return gradient
    with graph.scope(f"{_layer_of(node)}/backward"):
        return graph.add("scale", [gradient], {"factor": factor})[0]


def _total(graph: Graph, parts: list[Symbol], node: Node | None) -> Symbol | None:
    if not parts:
        return None
    if len(parts) > 1:
        with graph.scope(f"{_layer_of(node)}/backward" if node else "gradients"):
            while len(parts) > 1:
                parts[:] = [*graph.add("add", parts[:_ADDENDS]), *parts[_ADDENDS:]]
    return parts[0]
