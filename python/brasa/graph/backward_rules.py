"""The rules of ops that are gradients of others: transposed convolutions and padding are such."""

from __future__ import annotations

from collections.abc import Sequence

from brasa.graph.gradient_rules import Gradients, rule, window_of
from brasa.graph.symbol import Node
from brasa.graph.trace import Graph


@rule("conv2d_backward_data")
def _conv2d_backward_data(
    graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]
) -> Gradients:
    # A transposed convolution's forward pass: its own gradients are those of conv2d, turned round.
    (ddx,) = upstream
    dy, w = node.inputs
    assert w is not None
    by_dy = by_w = None
    if needs[1]:
        attributes = {**window_of(node), "w_shape": list(w.shape)}
        by_w = graph.add("conv2d_backward_weight", [dy, ddx], attributes)[0]
    if needs[0]:
        by_dy = graph.add("conv2d", [ddx, w, None], window_of(node))[0]
    return by_dy, by_w


@rule("conv2d_backward_weight")
def _conv2d_backward_weight(
    graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]
) -> Gradients:
    (ddw,) = upstream
    dy, x = node.inputs
    assert x is not None
    by_dy = by_x = None
    if needs[1]:
        attributes = {**window_of(node), "x_shape": list(x.shape)}
        by_x = graph.add("conv2d_backward_data", [dy, ddw], attributes)[0]
    if needs[0]:
        by_dy = graph.add("conv2d", [x, ddw, None], window_of(node))[0]
    return by_dy, by_x


@rule("slice_backward")
def _slice_backward(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    part = {key: node.attributes[key] for key in ("axis", "start", "length")}
    return graph.add("slice", upstream, part)
