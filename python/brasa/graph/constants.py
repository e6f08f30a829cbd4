"""What follows from the weights alone: computed once, and again only when a weight has changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from brasa.graph.layout import origin_of
from brasa.graph.symbol import Node, Symbol, consumers
from brasa.graph.trace import Graph

# Ops whose result is a sum for each channel, the last axis of their weights.
_FOLDABLE = {"conv2d", "matmul"}

_WINDOW = ("strides", "padding", "dilation_rate", "groups")


def fold_normalization(
    graph: Graph, kept: Collection[Symbol], constants: Collection[Symbol]
) -> None:
    """A normalization by given statistics moves into the weights of the op before it.

    The result is that of weights ``w * gamma / deviation``: the same sums, rounded elsewhere.
    """
    readers = consumers(graph.nodes)
    for node in list(graph.nodes):
        if node.op != "batch_norm" or "activation" in node.attributes:
            continue
        x, *scale = node.inputs
        producer = None if x is None else x.node
        if x is None or producer is None or producer.op not in _FOLDABLE or x in kept:
            continue
        if "activation" in producer.attributes or producer.attributes.get("transpose_b"):
            continue
        data, w, b = producer.inputs
        if w is None or len(readers[x]) != 1 or (producer.op == "matmul" and w.ndim != 2):
            continue
        if any(s is not None and origin_of(s) not in constants for s in (w, b, *scale)):
            continue
        graph.nodes.remove(node)
        with graph.scope(producer.name.rpartition("/")[0] or producer.name):
            folded = graph.add("batch_norm_fold", [w, b, *scale], node.attributes)
        graph.nodes.insert(graph.nodes.index(producer), graph.nodes.pop())
        producer.inputs = (data, *folded)
        producer.outputs = node.outputs
        node.outputs[0].node = producer


def pack_weights(graph: Graph, constants: Collection[Symbol]) -> None:
    """Filters that stay are brought into the order of the kernel once.

    The kernels do so at every call otherwise: half of the time where few pixels meet many filters.
    """
    known = following(graph.nodes, constants)
    for node in list(graph.nodes):
        x, w, *rest = node.inputs if node.op == "conv2d" else (None, None)
        if x is None or w is None or w not in known or node.outputs[0] in known:
            continue
        if "precision" in node.attributes:
            continue
        shapes = {"w_shape": list(w.shape), "x_shape": list(x.shape)}
        attributes = {key: node.attributes[key] for key in _WINDOW if key in node.attributes}
        with graph.scope(node.name.rpartition("/")[0] or node.name):
            (packed,) = graph.add("conv2d_pack", [w], {**attributes, **shapes})
        graph.nodes.insert(graph.nodes.index(node), graph.nodes.pop())
        node.inputs = (x, packed, *rest)
        node.attributes = {**node.attributes, "packed": True, "w_shape": list(w.shape)}


def following(nodes: Sequence[Node], constants: Collection[Symbol]) -> set[Symbol]:
    """The constants, and what follows from them alone.

    A plan computes these once and keeps them from run to run: nothing may be written over them.
    """
    known = set(constants)
    for node in nodes:
        inputs = [symbol for symbol in node.inputs if symbol is not None]
        if inputs and known.issuperset(inputs):
            known.update(node.outputs)
    return known


def constant_first(
    nodes: Sequence[Node], constants: Collection[Symbol], outside: Collection[Symbol]
) -> tuple[list[Node], int]:
    """The nodes with those in front that depend on constants alone, and how many these are.

    Results that lie ``outside``, where the caller binds memory at each run, are written each time.
    """
    known = set(constants)
    early: list[Node] = []
    late: list[Node] = []
    for node in nodes:
        inputs = [symbol for symbol in node.inputs if symbol is not None]
        fixed = all(origin_of(symbol) in known for symbol in inputs)  # views are no nodes here
        if inputs and fixed and not any(symbol in outside for symbol in node.outputs):
            known.update(node.outputs)
            early.append(node)
        else:
            late.append(node)
    return early + late, len(early)
