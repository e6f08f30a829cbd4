"""The layers and models that a functional model was made of, in the order in which Keras has them.

brasa's graph is that of the layers alone; each call says of which models' uses it is a part.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from brasa.layers.tensor import LayerCall, LayerTensor
from brasa.network import Network


@dataclass(eq=False)
class _Node:
    """One use of a layer, or of a model."""

    item: Any
    inputs: list[LayerTensor]
    depth: int = 0
    before: list[_Node] = field(default_factory=list)


def parts_in_order(network: Network) -> list[Any]:
    """Layers and models, those farthest from the outputs first, and then as they are met.

    The distance is the longest path; what is used several times has the longest of its uses.
    """
    nodes = _nodes(network)
    depths: dict[Any, int] = {}
    met: dict[Any, int] = {}
    order = list(_from_the_outputs(network, nodes, met))
    for node in reversed(order):
        node.depth = max(node.depth, depths.get(node.item, 0))
        depths[node.item] = node.depth
        for earlier in node.before:
            earlier.depth = max(earlier.depth, node.depth + 1)
    return sorted(met, key=lambda item: (-depths[item], met[item]))


def _nodes(network: Network) -> dict[LayerCall, _Node]:
    """The node of each call; all calls of one use of a model have one."""
    known: dict[Hashable, _Node] = {}
    nodes: dict[LayerCall, _Node] = {}
    for call in network.calls:
        use = call.uses[0] if call.uses else None
        if use is None or use.part.model is None:
            nodes[call] = _Node(call.layer, call.input_list)
        else:
            nodes[call] = known.setdefault(use, _Node(use.part.model, use.inputs))
    for node in nodes.values():
        node.before = _origins(node.inputs, nodes)
    return nodes


def _origins(tensors: list[LayerTensor], nodes: dict[LayerCall, _Node]) -> list[_Node]:
    return [nodes[t.call] for t in tensors if t.call is not None and t.call in nodes]


def _from_the_outputs(
    network: Network, nodes: dict[LayerCall, _Node], met: dict[Any, int]
) -> Iterator[_Node]:
    """Each node after all that it needs; ``met`` counts the items as the walk comes to them."""
    begun: set[_Node] = set()
    stack = [(node, False) for node in reversed(_origins(network.outputs, nodes))]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            yield node
            continue
        if node in begun:
            continue
        begun.add(node)
        met.setdefault(node.item, len(met))
        stack.append((node, True))
        stack.extend((earlier, False) for earlier in reversed(node.before))
