"""The rules of ops that make many numbers one."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from brasa.graph.gradient_rules import Gradients, rule
from brasa.graph.symbol import Node, Symbol
from brasa.graph.trace import Graph


@rule("reduce")
def _reduce(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    (dy,), (x,) = upstream, node.inputs
    assert dy is not None
    assert x is not None
    axes = [int(axis) % x.ndim for axis in node.attributes["axes"]]
    if node.attributes["kind"] in ("max", "min"):
        return graph.add("extreme_backward", [dy, x, node.outputs[0]], {"axes": axes})
    if node.attributes["kind"] == "mean":
        count = prod(x.shape[axis] for axis in axes)
        (dy,) = graph.add("scale", [dy], {"factor": 1 / max(count, 1)})
    return (_repeated(graph, dy, [1 if i in axes else n for i, n in enumerate(x.shape)], x.shape),)


@rule("penalty")
def _penalty(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    (slope,) = graph.add("penalty_backward", node.inputs, node.attributes)
    return graph.add("broadcast_multiply", [slope, upstream[0]])


@rule("loss")
def _loss(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    # A part of a loss of one's own: the op has its gradient, which is to be scaled.
    dy, slope = upstream[0], node.outputs[1]
    assert dy is not None
    if any(needs[1:]):
        raise ValueError(f"loss ({node.name}): there is no gradient by targets and weights")
    return graph.add("broadcast_multiply", [slope, dy])[0], *[None] * (len(node.inputs) - 1)


def _repeated(graph: Graph, dy: Symbol, kept: list[int], shape: tuple[int, ...]) -> Symbol:
    dy = graph.view(dy, tuple(kept))
    if dy.shape == shape:
        return dy
    return graph.add("broadcast_to", [dy], {"shape": list(shape)})[0]
