"""The rules of ops that repeat an operand: what was repeated gets the sum over its copies."""

from __future__ import annotations

from collections.abc import Sequence

from brasa.graph.gradient_rules import Gradients, rule
from brasa.graph.symbol import Node, Symbol
from brasa.graph.trace import Graph


def _product(graph: Graph, a: Symbol, b: Symbol) -> Symbol:
    op = "multiply" if a.shape == b.shape else "broadcast_multiply"
    return graph.add(op, [a, b])[0]


def _gradient(graph: Graph, x: Symbol, dy: Symbol, factor: Symbol | None = None) -> Symbol:
    """What ``dy``, the gradient of x broadcast and multiplied by ``factor``, is for x."""
    if x.shape != dy.shape:
        return graph.add("broadcast_backward", [dy, factor], {"x_shape": list(x.shape)})[0]
    return dy if factor is None else _product(graph, dy, factor)


@rule("broadcast_add")
def _broadcast_add(
    graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]
) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [
        _gradient(graph, x, dy) if x is not None and wanted else None
        for x, wanted in zip(node.inputs, needs, strict=True)
    ]


@rule("broadcast_multiply")
def _broadcast_multiply(
    graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]
) -> Gradients:
    (dy,) = upstream
    a, b = node.inputs
    assert dy is not None
    assert a is not None
    assert b is not None
    return [
        _gradient(graph, x, dy, other) if wanted else None
        for x, other, wanted in ((a, b, needs[0]), (b, a, needs[1]))
    ]


@rule("subtract")
def _subtract(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    (dy,) = upstream
    a, b = node.inputs
    assert dy is not None
    assert a is not None
    assert b is not None
    by_a = _gradient(graph, a, dy) if needs[0] else None
    by_b = None
    if needs[1]:
        (by_b,) = graph.add("scale", [_gradient(graph, b, dy)], {"factor": -1.0})
    return by_a, by_b


@rule("divide")
def _divide(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    # da = dy / b and db = -y * dy / b, each summed over the copies.
    (dy,) = upstream
    a, b = node.inputs
    assert a is not None
    assert b is not None
    (quotient,) = graph.add("divide", [dy, b])
    by_a = by_b = None
    if needs[0]:
        by_a = _gradient(graph, a, quotient)
    if needs[1]:
        negative = _gradient(graph, b, quotient, node.outputs[0])
        (by_b,) = graph.add("scale", [negative], {"factor": -1.0})
    return by_a, by_b


@rule("maximum")
@rule("minimum")
def _larger_or_smaller(
    graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]
) -> Gradients:
    (dy,) = upstream
    gradients: list[Symbol | None] = []
    for x, other, wanted in zip(node.inputs, node.inputs[::-1], needs, strict=True):
        if x is None or not wanted:
            gradients.append(None)
            continue
        (share,) = graph.add("share", [x, other] if node.op == "maximum" else [other, x])
        gradients.append(_gradient(graph, x, graph.add("gate", [dy, share])[0]))
    return gradients


@rule("gate")
def _gate(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    # What opens it is a condition, which has no gradient.
    (dy,) = upstream
    x, opened = node.inputs
    assert x is not None
    if not needs[0]:
        return None, None
    return _gradient(graph, x, graph.add("gate", [dy, opened])[0]), None


@rule("broadcast_to")
def _broadcast_to(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    (dy,) = upstream
    (x,) = node.inputs
    assert dy is not None
    assert x is not None
    return (_gradient(graph, x, dy),)


@rule("broadcast_backward")
def _broadcast_backward(
    graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]
) -> Gradients:
    # dx = sum of dy * factor over the copies of x: linear in both.
    (ddx,) = upstream
    dy, factor = node.inputs
    assert ddx is not None
    assert dy is not None
    by_dy = by_factor = None
    if factor is None:
        return graph.add("broadcast_to", [ddx], {"shape": list(dy.shape)})[0], None
    if needs[0]:
        by_dy = _product(graph, ddx, factor)
        if by_dy.shape != dy.shape:
            by_dy = graph.add("broadcast_to", [by_dy], {"shape": list(dy.shape)})[0]
    if needs[1]:
        by_factor = _gradient(graph, factor, dy, ddx)
    return by_dy, by_factor
