"""How each op passes gradients on.

A rule gets the node, the gradients of its outputs, and which inputs need one. It records the nodes
that compute them and returns one symbol (or None) for each input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from brasa.graph.symbol import Node, Symbol
from brasa.graph.trace import Graph

Gradients = Sequence[Symbol | None]
Rule = Callable[[Graph, Node, Gradients, Sequence[bool]], Gradients]

RULES: dict[str, Rule] = {}

# The activations whose slope comes from x: y tells too little of it.
SLOPE_NEEDS_X = ("gelu", "gelu_tanh", "silu")


def rule(op: str) -> Callable[[Rule], Rule]:
    """Register the gradient rule of an op."""

    def register(function: Rule) -> Rule:
        RULES[op] = function
        return function

    return register


def before_activation(graph: Graph, node: Node, upstream: Gradients) -> Symbol:
    """The gradient by what an op's own activation was applied to: ops.conv2d(..., "relu").

    Not those whose gradient comes from x: ``split_activations`` has made them ops of their own.
    """
    (dy,) = upstream
    assert dy is not None
    activation = {
        key: node.attributes[key]
        for key in ("activation", "negative_slope", "alpha")
        if key in node.attributes
    }
    if not activation:
        return dy
    return graph.add("activation_backward", [dy, node.outputs[0]], activation)[0]


@rule("matmul")
def _matmul(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    dy = before_activation(graph, node, upstream)
    a, b, _ = node.inputs
    assert a is not None
    assert b is not None
    ta, tb = bool(node.attributes.get("transpose_a")), bool(node.attributes.get("transpose_b"))
    da = db = dbias = None
    precision = {k: node.attributes[k] for k in ("precision",) if k in node.attributes}

    def product(a: Symbol, b: Symbol, ta: bool, tb: bool) -> Symbol:
        attributes = {"transpose_a": ta, "transpose_b": tb, **precision}
        return graph.add("matmul", [a, b, None], attributes)[0]

    # One product for each matrix of the batch; a matrix shared by all of them sees rows instead.
    shared = b.ndim == 2 and a.ndim > 2
    if shared and ta:
        raise ValueError(f"{node.name}: no gradient for a batch of transposed a with one shared b")
    if needs[0] and ta:
        da = product(b, dy, tb, True)
    elif needs[0]:
        da = product(dy, b, False, not tb)
    if needs[1]:
        left, right = (_rows(graph, a), _rows(graph, dy)) if shared else (a, dy)
        if tb:
            db = product(right, left, True, ta)
        else:
            db = product(left, right, not ta, False)
    if needs[2]:
        dbias = graph.add("bias_gradient", [dy])[0]
    return da, db, dbias


def _rows(graph: Graph, x: Symbol) -> Symbol:
    rows = 1
    for extent in x.shape[:-1]:
        rows *= extent
    return graph.view(x, (rows, x.shape[-1]))


def window_of(node: Node) -> dict[str, Any]:
    """The attributes that the passes of a convolution share."""
    names = ("strides", "padding", "dilation_rate", "groups", "precision")
    return {key: node.attributes[key] for key in names if key in node.attributes}


@rule("conv2d")
def _conv2d(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    dy = before_activation(graph, node, upstream)
    x, w, _ = node.inputs
    assert x is not None
    assert w is not None
    window = window_of(node)
    dx = dw = db = None
    if needs[2]:
        db = graph.add("bias_gradient", [dy])[0]
    if needs[1]:
        dw = graph.add("conv2d_backward_weight", [dy, x], {**window, "w_shape": list(w.shape)})[0]
    if needs[0]:
        dx = graph.add("conv2d_backward_data", [dy, w], {**window, "x_shape": list(x.shape)})[0]
    return dx, dw, db


@rule("max_pool2d")
def _max_pool2d(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    return _pool(graph, node, [upstream[0], node.outputs[1]])


@rule("average_pool2d")
def _average_pool2d(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    return _pool(graph, node, [upstream[0]])


def _pool(graph: Graph, node: Node, operands: Gradients) -> Gradients:
    assert node.inputs[0] is not None
    attributes = {**node.attributes, "x_shape": list(node.inputs[0].shape)}
    return graph.add(f"{node.op}_backward", operands, attributes)


@rule("activation")
def _activation(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    source = node.inputs if node.attributes["activation"] in SLOPE_NEEDS_X else node.outputs
    return graph.add("activation_backward", [upstream[0], source[0]], node.attributes)


@rule("log_softmax")
@rule("softmax")
def _softmax(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    return graph.add(f"{node.op}_backward", [upstream[0], node.outputs[0]])


@rule("batch_norm_training")
def _batch_norm_training(
    graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]
) -> Gradients:
    dy, *of_statistics = upstream
    if any(gradient is not None for gradient in of_statistics):
        raise ValueError(f"{node.name}: the statistics have no gradient of their own")
    operands = [dy, *node.inputs, *node.outputs[1:]]
    gradients = graph.add("batch_norm_backward", operands, node.attributes)
    return [gradient if need else None for gradient, need in zip(gradients, needs, strict=True)]


@rule("batch_norm")
def _batch_norm(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    # y = gamma * h + beta with h = (x - mean) * r and r = 1 / sqrt(variance + epsilon), so
    # dmean = -gamma * r * sum of dy, and dvariance = -gamma * r^2 / 2 * sum of dy * h.
    dy = before_activation(graph, node, upstream)
    x, gamma, _, mean, variance = node.inputs
    assert mean is not None
    epsilon = {"epsilon": node.attributes["epsilon"]}
    dx = dgamma = dbeta = dmean = dvariance = None
    if needs[0] or needs[3] or needs[4]:
        zero = graph.add("scale", [mean], {"factor": 0.0})[0]

    def scaled(values: Symbol, factor: Symbol | None = gamma) -> Symbol:
        return graph.add("batch_norm", [values, factor, None, zero, variance], epsilon)[0]

    if needs[0]:
        dx = scaled(dy)
    if needs[1] or needs[4]:
        plain = graph.add("batch_norm", [x, None, None, mean, variance], epsilon)[0]
        dgamma = graph.add("bias_gradient", [graph.add("multiply", [dy, plain])[0]])[0]
    if needs[2] or needs[3]:
        dbeta = graph.add("bias_gradient", [dy])[0]
    row = (1, *mean.shape)
    if needs[3] and dbeta is not None:
        negative = graph.add("scale", [scaled(graph.view(dbeta, row))], {"factor": -1.0})[0]
        dmean = graph.view(negative, mean.shape)
    if needs[4] and dgamma is not None:
        squared = scaled(scaled(graph.view(dgamma, row)), None)
        half = graph.add("scale", [squared], {"factor": -0.5})[0]
        dvariance = graph.view(half, mean.shape)
    return dx, dgamma if needs[1] else None, dbeta if needs[2] else None, dmean, dvariance


@rule("group_norm")
@rule("layer_norm")
def _row_norm(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    gradients = graph.add(f"{node.op}_backward", [*upstream, *node.inputs[:2]], node.attributes)
    return [gradient if need else None for gradient, need in zip(gradients, needs, strict=True)]


@rule("gru")
@rule("lstm")
@rule("simple_rnn")
def _recurrent(graph: Graph, node: Node, upstream: Gradients, needs: Sequence[bool]) -> Gradients:
    *slopes, of_saved = upstream
    *operands, mask = node.inputs
    if of_saved is not None or needs[-1]:
        raise ValueError(f"{node.name}: what is saved, and the mask, have no gradient")
    if not node.attributes.get("training", 1):
        raise ValueError(f"{node.name}: has no gradient, as it was recorded with training=False")
    attributes = {key: value for key, value in node.attributes.items() if key != "training"}
    inputs = [*slopes, node.outputs[-1], *operands[:3], mask]
    gradients = graph.add(f"{node.op}_backward", inputs, attributes)
    return [
        gradient if need else None for gradient, need in zip(gradients, needs[:-1], strict=True)
    ] + [None]


@rule("dropout")
def _dropout(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    return *graph.add("dropout", [upstream[0], node.inputs[1]], node.attributes), None


@rule("gaussian_noise")
def _gaussian_noise(_: Graph, node: Node, upstream: Gradients, __: Sequence[bool]) -> Gradients:
    return upstream[0], None


@rule("crop_flip")
@rule("warp2d")
def _images(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    x, state = node.inputs
    assert x is not None
    attributes = {**node.attributes, "x_shape": list(x.shape)}
    return *graph.add(f"{node.op}_backward", [upstream[0], state], attributes), None


@rule("embedding")
def _embedding(graph: Graph, node: Node, upstream: Gradients, _: Sequence[bool]) -> Gradients:
    ids, table = node.inputs
    assert table is not None
    rows = {"vocabulary": table.shape[0]}
    return None, graph.add("embedding_backward", [upstream[0], ids], rows)[0]
