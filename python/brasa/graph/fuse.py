"""Fuse passes: fewer steps, fewer trips through memory, the same mathematics."""

from __future__ import annotations

from collections.abc import Collection

from brasa.graph.constants import following
from brasa.graph.gradient_rules import SLOPE_NEEDS_X
from brasa.graph.symbol import Node, Symbol, consumers
from brasa.graph.trace import Graph

# Ops that apply an activation to their result before storing it.
_EPILOGUE = {"add", "add_bias", "batch_norm", "conv2d", "matmul"}

# A loss of probabilities, the op that made them, and the loss of what went into that op.
_FROM_LOGITS = {
    "cross_entropy": ("softmax", None, "softmax_cross_entropy"),
    "binary_cross_entropy": ("activation", "sigmoid", "binary_cross_entropy_logits"),
}

_UNPOOLING = {"average_pool2d_backward", "max_pool2d_backward"}

# Ops that can add into their result.
_ACCUMULATING = {
    "bias_gradient",
    "bias_gradient_lanes",
    "broadcast_backward",
    "conv2d_backward_data",
    "conv2d_backward_weight",
    "conv2d_lanes_backward_data",
    "conv2d_lanes_backward_weight",
    "matmul",
    "penalty_backward",
}


def fuse_losses(graph: Graph) -> None:
    """Softmax then cross-entropy becomes one op on the logits, sigmoid then binary likewise.

    Exact where probabilities round to 0 or 1, and the gradient skips a division. Runs before the
    gradient pass.
    """
    for node in graph.nodes:
        if node.op != "loss" or node.attributes["kind"] not in _FROM_LOGITS:
            continue
        op, activation, kind = _FROM_LOGITS[node.attributes["kind"]]
        predictions = node.inputs[0]
        producer = None if predictions is None else predictions.node
        if producer is None or producer.op != op:
            continue
        if producer.attributes.get("activation") != activation:
            continue
        logits = producer.inputs[0]
        if logits is not None and predictions is not None and logits.shape == predictions.shape:
            node.inputs = (logits, *node.inputs[1:])
            node.attributes = {**node.attributes, "kind": kind}


def fuse_accuracies(graph: Graph) -> None:
    """The largest probability belongs to the largest logit: accuracy need not wait for softmax."""
    for node in graph.nodes:
        if node.op != "accuracy" or node.attributes.get("binary"):
            continue
        predictions = node.inputs[0]
        producer = None if predictions is None else predictions.node
        if producer is not None and producer.op == "softmax":
            node.inputs = (producer.inputs[0], *node.inputs[1:])


def pool_first(graph: Graph) -> None:
    """``max_pool(relu(x))`` becomes ``relu(max_pool(x))``: the same values and gradients.

    Both are monotone, so the winner of a window stays one; where all of a window is negative the
    gradient is 0 either way. The gradient of the activation then runs over the pooled tensor, a
    quarter of the size. Runs before the gradient pass; inference is better off with the activation
    in the convolution's epilogue.
    """
    readers = consumers(graph.nodes)
    for position, node in enumerate(graph.nodes):
        if node.op != "activation" or node.attributes["activation"] not in ("relu", "leaky_relu"):
            continue
        users = readers.get(node.outputs[0], [])
        if len(users) != 1 or users[0].op != "max_pool2d":
            continue
        pool, pooled = users[0], users[0].outputs[0]
        raw = Symbol(graph, pooled.shape, pooled.dtype, node=pool)
        pool.inputs, pool.outputs = node.inputs, (raw, pool.outputs[1])
        node.inputs, node.outputs, pooled.node = (raw,), (pooled,), node
        graph.nodes.remove(pool)
        graph.nodes.insert(position, pool)


def split_activations(graph: Graph) -> None:
    """An epilogue whose gradient comes from what it was applied to becomes an op of its own.

    The gradient pass begins with this; the gradient then reads that operand, so that no later pass
    joins the two again. Normalizations in training compute the operand anew and keep theirs.
    """
    for node in list(graph.nodes):
        name = node.attributes.get("activation")
        if node.op not in _EPILOGUE or name not in SLOPE_NEEDS_X:
            continue
        (y,) = node.outputs
        raw = Symbol(graph, y.shape, y.dtype, node=node)
        layer = node.name.rpartition("/")[0] or node.name
        y.node = Node("activation", f"{layer}/activation", (raw,), {"activation": name}, (y,))
        node.attributes = {k: v for k, v in node.attributes.items() if k != "activation"}
        node.outputs = (raw,)
        graph.nodes.insert(graph.nodes.index(node) + 1, y.node)


def activate_normalized(graph: Graph) -> None:
    """An activation moves into the normalization before it, if nothing else reads that.

    Runs before the gradient pass: the gradient of the pair then finds the activation's slope from
    the input of the normalization, and reads nothing for it.
    """
    readers = consumers(graph.nodes)
    for node in list(graph.nodes):
        if node.op != "batch_norm_training" or "activation" in node.attributes:
            continue
        y, *statistics = node.outputs
        users = readers.get(y, [])
        if len(users) != 1 or users[0].op != "activation":
            continue
        activation = users[0]
        node.attributes = {**node.attributes, **activation.attributes}
        node.outputs = (activation.outputs[0], *statistics)
        node.outputs[0].node = node
        graph.nodes.remove(activation)


def fuse_epilogues(graph: Graph, kept: Collection[Symbol]) -> None:
    """An activation moves into the convolution or product before it, if nothing else reads that."""
    readers = consumers(graph.nodes)
    absorbed: set[Node] = set()
    for node in graph.nodes:
        if node.op not in _EPILOGUE or "activation" in node.attributes:
            continue
        (result,) = node.outputs
        users = readers.get(result, [])
        if len(users) != 1 or users[0].op != "activation" or result in kept:
            continue
        activation = users[0]
        node.attributes = {**node.attributes, **activation.attributes}
        node.outputs = activation.outputs
        node.outputs[0].node = node
        absorbed.add(activation)
    graph.nodes[:] = [node for node in graph.nodes if node not in absorbed]


def sum_before_unpooling(graph: Graph) -> None:
    """The sum over a pooling's gradient is the sum over what it was made of, a quarter as much.

    Max-pooling sends each gradient to one pixel, average-pooling shares it out: neither changes the
    total, which is all that a bias gradient wants.
    """
    for node in graph.nodes:
        if node.op != "bias_gradient" or node.inputs[0] is None:
            continue
        producer = node.inputs[0].node
        if producer is not None and producer.op in _UNPOOLING:
            node.inputs = (producer.inputs[0],)


def fuse_sums(
    graph: Graph, kept: Collection[Symbol], constants: Collection[Symbol]
) -> dict[Symbol, Symbol]:
    """A sum of gradients becomes "the first writer overwrites, the others add".

    Returns which symbols share the storage of which: the later addends and the sum lie where the
    first addend does.
    """
    readers = consumers(graph.nodes)
    known = following(graph.nodes, constants)
    order = {node: position for position, node in enumerate(graph.nodes)}
    shared: dict[Symbol, Symbol] = {}
    dissolved: set[Node] = set()
    for node in graph.nodes:
        addends = [symbol for symbol in node.inputs if symbol is not None]
        if node.op != "add" or "activation" in node.attributes:
            continue
        if len(set(addends)) != len(addends):
            continue
        if any(symbol.node is None or symbol in kept or symbol in known for symbol in addends):
            continue
        if any(len(readers[symbol]) != 1 for symbol in addends):
            continue
        addends.sort(key=lambda symbol: order[symbol.node])  # type: ignore[index]
        later = [symbol.node for symbol in addends[1:]]
        if not all(producer and producer.op in _ACCUMULATING for producer in later):
            continue
        if any(producer and "activation" in producer.attributes for producer in later):
            continue
        if addends[0].node is None or addends[0].node.op == "reshape":
            continue
        for producer in later:
            assert producer is not None
            producer.attributes = {**producer.attributes, "accumulate": True}
            shared[producer.outputs[0]] = addends[0]
        shared[node.outputs[0]] = addends[0]
        dissolved.add(node)
    graph.nodes[:] = [node for node in graph.nodes if node not in dissolved]
    return shared


def bias_in_place(
    graph: Graph, kept: Collection[Symbol], constants: Collection[Symbol]
) -> dict[Symbol, Symbol]:
    """A bias is added where the result before it lies, if nothing else reads that.

    Returns which symbols share the storage of which.
    """
    readers = consumers(graph.nodes)
    known = following(graph.nodes, constants)
    shared: dict[Symbol, Symbol] = {}
    for node in graph.nodes:
        if node.op != "add_bias":
            continue
        x = node.inputs[0]
        if x is None or x.node is None or x.node.op == "reshape" or x in kept:
            continue
        if len(readers[x]) == 1 and x not in known:
            shared[node.outputs[0]] = x
    return shared


def drop_dead(graph: Graph, kept: Collection[Symbol]) -> None:
    """Remove nodes whose results nobody reads."""
    live = set(kept)
    alive: list[Node] = []
    for node in reversed(graph.nodes):
        if any(output in live for output in node.outputs):
            alive.append(node)
            live.update(symbol for symbol in node.inputs if symbol is not None)
    graph.nodes[:] = reversed(alive)
