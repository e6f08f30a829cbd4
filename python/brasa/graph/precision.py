"""The precision pass: products are computed as compile() chose. Runs before the gradient pass."""

from __future__ import annotations

from brasa.graph.trace import Graph

# What AMX computes: the gradients of these are products of the same precision.
_PRODUCTS = {"conv2d", "conv2d_backward_data", "matmul"}


def use_precision(graph: Graph, precision: str) -> None:
    """Give every product the precision, but those that a layer chose one for itself."""
    if precision == "float32":
        return
    for node in graph.nodes:
        if node.op in _PRODUCTS:
            node.attributes = {"precision": precision, **node.attributes}
