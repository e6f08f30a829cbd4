"""What the lanes pass does with each op: see lanes.py.

The rewriter walks over the nodes in order; lanes_tensors.py keeps the books.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from brasa.graph.lanes_tensors import LanesTensors, present
from brasa.graph.symbol import Node, Symbol, consumers
from brasa.graph.trace import Graph

_ANY_LAYOUT = {"activation", "add"}
_POOLING = {"max_pool2d", "average_pool2d"}
# max(f(x)) = f(max(x)): rising functions.
_RISING = {None, "relu", "leaky_relu", "elu", "sigmoid", "tanh"}


class LanesRewriter(LanesTensors):
    """Builds the list of nodes anew."""

    def __init__(
        self, graph: Graph, kept: Collection[Symbol], lanes: int, chosen: Collection[Node]
    ) -> None:
        super().__init__(graph, lanes)
        self.kept, self.chosen = kept, chosen
        self.images = {node.inputs[0] for node in chosen}
        self.filters = {node.inputs[1] for node in chosen}
        self.readers = consumers(graph.nodes)
        self.absorbed: set[Node] = set()
        # Gradients of a pooling that the convolution's gradients spread out themselves.
        self.pooled: dict[Symbol, tuple[Symbol, Symbol]] = {}

    def run(self) -> None:
        """Replace the graph's nodes."""
        nodes, self.graph.nodes = self.graph.nodes, []
        for node in nodes:
            if node in self.absorbed or self._rewritten(node):
                continue
            for symbol in node.inputs:
                self.plain(symbol)
            self.graph.nodes.append(node)
        for symbol in self.kept:
            self.plain(symbol)

    def _rewritten(self, node: Node) -> bool:
        if node in self.chosen:
            return self._convolution(node)
        if node.op in _ANY_LAYOUT:
            return self._elementwise(node)
        if node.op in _POOLING and node.inputs[0] in self.home:
            return self._pooling(node)
        rule = {
            "activation_backward": self._activation_backward,
            "average_pool2d_backward": self._average_pool2d_backward,
            "bias_gradient": self._bias_gradient,
            "conv2d_backward_data": self._backward_data,
            "conv2d_backward_weight": self._backward_weight,
            "max_pool2d_backward": self._max_pool2d_backward,
        }.get(node.op)
        return rule is not None and rule(node)

    # Forward.

    def _convolution(self, node: Node) -> bool:
        x, w, b = node.inputs
        attributes = dict(node.attributes)
        result = node.outputs[0]
        pool = self._only_reader(result, "max_pool2d")
        if pool is None or not self._pools_in_store(node, pool):
            self.record(node, "conv2d_lanes", [self.in_lanes(x, repeat=True), w, b], attributes)
            return True
        result, argmax = pool.outputs
        self.absorbed.add(pool)
        activation = self._only_reader(result, "activation")
        if activation is not None and "activation" not in attributes:
            attributes.update(activation.attributes)
            self.absorbed.add(activation)
            result = activation.outputs[0]
        attributes["pool"] = True
        inputs = [self.in_lanes(x, repeat=True), w, b]
        y, winner = self.add("conv2d_lanes", inputs, attributes, node.name)
        self.resides(result, y)
        self.resides(argmax, winner)
        return True

    def _pools_in_store(self, conv: Node, pool: Node) -> bool:
        """Whether the pooling is 2 x 2, side by side, and may come before the activation."""
        activation = conv.attributes.get("activation")
        unread = not self.readers.get(pool.outputs[1])
        rows, columns = conv.outputs[0].shape[1:3]
        fits = rows >= 2 and columns >= 2 and self._keeps_winners(pool)
        return fits and _halves(pool) and (activation is None or (unread and activation in _RISING))

    def _keeps_winners(self, pool: Node) -> bool:
        """Whether only the pooling's own gradient reads where the winners lie."""
        if pool.op != "max_pool2d":
            return True
        argmax = pool.outputs[1]
        users = self.readers.get(argmax, [])
        return argmax not in self.kept and all(u.op == "max_pool2d_backward" for u in users)

    def _pooling(self, node: Node) -> bool:
        if not self._keeps_winners(node):
            return False
        x = self.resident[present(node.inputs[0])]
        self.record(node, node.op, [self.as_images(x)], node.attributes)
        return True

    def _elementwise(self, node: Node) -> bool:
        if not any(symbol in self.home for symbol in node.inputs):
            return False
        if not all(symbol in self.resident for symbol in node.inputs):
            return False
        self.record(
            node, node.op, [self.resident[present(s)] for s in node.inputs], node.attributes
        )
        return True

    # Backward. A gradient is converted with zeros in the lanes that hold no image.

    def _activation_backward(self, node: Node) -> bool:
        dy, y = node.inputs
        if y not in self.home:
            return False
        operands = [self.in_lanes(dy, repeat=False), self.resident[present(y)]]
        self.record(node, node.op, operands, node.attributes)
        return True

    def _max_pool2d_backward(self, node: Node) -> bool:
        dy, argmax = node.inputs
        if argmax not in self.resident:
            return False
        slope, winner = self.in_lanes(dy, repeat=False), self.resident[present(argmax)]
        users = self.readers.get(node.outputs[0], [])
        wanted = node.outputs[0] in self.kept
        if _halves(node) and not wanted and all(self._takes_pooled(user) for user in users):
            self.pooled[node.outputs[0]] = (slope, winner)
            return True
        operands = [self.as_images(slope), self.as_images(winner)]
        self.record(node, node.op, operands, self.with_images(node.attributes))
        return True

    def _average_pool2d_backward(self, node: Node) -> bool:
        dy = present(node.inputs[0])
        users = self.readers.get(node.outputs[0], [])
        wanted = any(symbol in self.home for user in users for symbol in user.inputs)
        if dy not in self.home and not wanted:
            return False
        operands = [self.as_images(self.in_lanes(dy, repeat=False))]
        self.record(node, node.op, operands, self.with_images(node.attributes))
        return True

    def _bias_gradient(self, node: Node) -> bool:
        dy = node.inputs[0]
        if dy not in self.home:
            return False
        outputs = self.add(
            "bias_gradient_lanes", [self.resident[present(dy)]], node.attributes, node.name
        )
        self.takes_over(node, outputs)
        return True

    def _backward_weight(self, node: Node) -> bool:
        dy, x = node.inputs
        if x not in self.images or x not in self.resident or not has_plain_window(node):
            return False
        slope, winner = self._slope(dy)
        operands = [slope, self.resident[x], winner]
        outputs = self.add("conv2d_lanes_backward_weight", operands, node.attributes, node.name)
        self.takes_over(node, outputs)
        return True

    def _backward_data(self, node: Node) -> bool:
        dy, w = node.inputs
        if w not in self.filters or not has_plain_window(node):
            return False
        batch, height, width, channels = node.attributes["x_shape"]
        shape = [-(-batch // self.lanes), channels, height, width, self.lanes]
        attributes = {**node.attributes, "x_shape": shape}
        slope, winner = self._slope(dy)
        operands = [slope, w, winner]
        self.record(node, "conv2d_lanes_backward_data", operands, attributes)
        return True

    def _takes_pooled(self, node: Node) -> bool:
        if not has_plain_window(node):
            return False
        if node.op == "conv2d_backward_weight":
            return node.inputs[1] in self.images and node.inputs[1] in self.resident
        return node.op == "conv2d_backward_data" and node.inputs[1] in self.filters

    def _slope(self, dy: Symbol | None) -> tuple[Symbol, Symbol | None]:
        """dy in lanes; or that of the pooling behind it, and its winners."""
        if dy in self.pooled:
            return self.pooled[present(dy)]
        return self.in_lanes(dy, repeat=False), None

    def _only_reader(self, symbol: Symbol, op: str) -> Node | None:
        users = self.readers.get(symbol, [])
        alone = len(users) == 1 and users[0].op == op and symbol not in self.kept
        return users[0] if alone else None


def _halves(pool: Node) -> bool:
    """Windows of 2 x 2, side by side."""
    window = pool.attributes
    size = list(window["pool_size"])
    steps, padding = list(window.get("strides", size)), window.get("padding", "valid")
    return size == steps == [2, 2] and padding in ("valid", [0, 0, 0, 0])


def has_plain_window(node: Node) -> bool:
    """Images and filters may be shared with a convolution that could not be chosen."""
    names = ("strides", "dilation_rate", "groups")
    return all(_all_ones(node.attributes.get(name, 1)) for name in names)


def _all_ones(value: Any) -> bool:
    return all(v == 1 for v in value) if isinstance(value, Sequence) else value == 1
