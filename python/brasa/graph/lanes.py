"""The lanes pass: convolutions with few channels move to the layout (G, C, H, W, L).

L images share each vector, so no channel is padded; see csrc/ops/lanes.h. Here is decided which
convolutions move; lanes_rewriter.py moves them, and what lies between them.
"""

from __future__ import annotations

from collections.abc import Collection

from brasa.graph.gradients import dependent_on
from brasa.graph.lanes_rewriter import LanesRewriter, has_plain_window
from brasa.graph.symbol import Node, Symbol
from brasa.graph.trace import Graph

# Below 16 channels a matrix product over NHWC starves: its sums are short and its rows narrow.
# From 16 on it fills its tiles.
_MOST_CHANNELS, _MOST_FILTERS = 15, 32

# Lanes past the last image are computed and thrown away: at most a third on top. The fewer the
# filters, the fewer of 16 lanes a matrix product over NHWC fills, and the more may be thrown away.
# LeNet's step on one core of Sapphire Rapids in us, without lanes, with lanes in the layer of 6
# filters, in both layers: batch 6 371, 376, 465; batch 8 476, 436, 455; batch 10 571, 498, 472.
_MOST_WASTE = 4 / 3
_MOST_WASTE_OF_16 = ((8, 8 / 3), (16, 16 / 9))


def use_lanes(graph: Graph, kept: Collection[Symbol], lanes: int) -> None:
    """Move what gains from it into the lanes layout; ``lanes`` images share a vector, 0: never."""
    if lanes == 0:
        return
    slopes = [node.outputs[1] for node in graph.nodes if node.op == "loss"]
    backward = dependent_on(graph.nodes, [*slopes, *graph.seeds])
    chosen = {
        node
        for node in graph.nodes
        # The lanes past the last image are filled for images, and are zeros for their gradients.
        if node.op == "conv2d" and node.inputs[0] not in backward and gains(node, lanes)
    }
    if chosen:
        LanesRewriter(graph, kept, lanes, chosen).run()


def _most_waste(filters: int, lanes: int) -> float:
    if lanes < 16:
        return _MOST_WASTE
    return next((waste for most, waste in _MOST_WASTE_OF_16 if filters <= most), _MOST_WASTE)


def gains(node: Node, lanes: int) -> bool:
    """Whether a ``conv2d`` node is faster with the batch in the lanes.

    Depends on shapes alone, never on the number of threads: that would change the bits.
    """
    x, w = node.inputs[0], node.inputs[1]
    assert x is not None
    assert w is not None
    batch, channels, filters = x.shape[0], w.shape[2], w.shape[3]
    padded = -(-batch // lanes) * lanes
    return (
        (batch >= lanes or lanes == 16)
        and padded <= _most_waste(filters, lanes) * batch
        and channels <= _MOST_CHANNELS
        and filters <= _MOST_FILTERS
        and "precision" not in node.attributes
        and has_plain_window(node)
    )
