"""The rules of ops that take elements as they are: add, multiply, mask, and put them elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from brasa.graph.gradient_rules import Gradients, before_activation, rule
from brasa.graph.symbol import Node, Symbol
from brasa.graph.trace import Graph


@rule("mask_rows")
def _mask_rows(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    return graph.add("mask_rows", [upstream[0], node.inputs[1]])[0], None


@rule("add")
def _add(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    return [before_activation(graph, node, upstream)] * len(node.inputs)


@rule("add_bias")
def _add_bias(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    dy = before_activation(graph, node, upstream)
    return dy, graph.add("bias_gradient", [dy])[0] if needs[1] else None


@rule("multiply")
def _multiply(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    a, b = node.inputs
    return [
        graph.add("multiply", [upstream[0], other])[0] if wanted else None
        for other, wanted in ((b, needs[0]), (a, needs[1]))
    ]


@rule("scale")
def _scale(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    return graph.add("scale", [upstream[0]], {"factor": node.attributes["factor"]})


# The kinds of unary whose gradient comes from y; those of the others come from x.
_SLOPE_FROM_Y = ("exp", "hard_sigmoid", "reciprocal", "relu6", "rsqrt", "softplus", "sqrt")
# Those whose slope is 0 wherever they have one.
_STEPS = ("ceil", "floor", "round", "sign")


@rule("unary")
def _unary(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    if node.attributes["kind"] in _STEPS:
        return (None,)
    known = node.outputs if node.attributes["kind"] in _SLOPE_FROM_Y else node.inputs
    return graph.add("unary_backward", [upstream[0], known[0]], node.attributes)


@rule("clip_value")
def _clip_value(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    # Relu's gradient lets through where its second operand is above 0: here what is left to either
    # limit.
    dy, limit = upstream[0], node.attributes["limit"]
    for sign in (1.0, -1.0):
        (left,) = graph.add("scale", node.inputs, {"factor": sign, "offset": limit})
        (dy,) = graph.add("activation_backward", [dy, left], {"activation": "relu"})
    return (dy,)


@rule("activation_backward")
def _activation_backward(
    graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]
) -> Gradients:
    if node.attributes["activation"] != "relu":
        raise ValueError(f"{node.op}: only that of relu has a gradient: {dict(node.attributes)}")
    dy = graph.add(node.op, [upstream[0], node.inputs[1]], node.attributes)[0]
    return dy if needs[0] else None, None


@rule("reshape")
def _reshape(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    assert node.inputs[0] is not None
    return (graph.view(dy, node.inputs[0].shape),)


@rule("concatenate")
def _concatenate(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    axis = int(node.attributes["axis"]) % node.outputs[0].ndim
    gradients: list[Symbol | None] = []
    start = 0
    for symbol, wanted in zip(node.inputs, needs, strict=True):
        assert symbol is not None
        part = {"axis": axis, "start": start, "length": symbol.shape[axis]}
        gradients.append(graph.add("slice", upstream, part)[0] if wanted else None)
        start += symbol.shape[axis]
    return gradients


@rule("flip")
def _flip(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    return graph.add("flip", upstream, node.attributes)


@rule("transpose")
def _transpose(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    rank = node.outputs[0].ndim
    axes = [int(axis) % rank for axis in node.attributes["axes"]]
    return graph.add("transpose", upstream, {"axes": [axes.index(axis) for axis in range(rank)]})


@rule("slice")
def _slice(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    assert node.inputs[0] is not None
    attributes = {**node.attributes, "x_shape": list(node.inputs[0].shape)}
    return graph.add("slice_backward", upstream, attributes)
