"""Whole numbers that name something: what each must stay below, so that kernels need not ask."""

from __future__ import annotations

from collections.abc import Iterable

from brasa.graph.layout import origin_of
from brasa.graph.symbol import Node, Symbol


def limits_of_ids(nodes: Iterable[Node]) -> dict[Symbol, int]:
    """The number of rows of the smallest embedding that reads them, or of classes.

    Symbols are left out whose values name nothing.
    """
    limits: dict[Symbol, int] = {}
    for node in nodes:
        ids, limit = _named_by(node)
        if ids is not None:
            origin = origin_of(ids)
            limits[origin] = min(limit, limits.get(origin, limit))
    return limits


def _named_by(node: Node) -> tuple[Symbol | None, int]:
    if node.op == "one_hot":
        return node.inputs[0], int(node.attributes["depth"])
    if node.op == "embedding":
        ids, table = node.inputs
        return ids, 0 if table is None else table.shape[0]
    if node.op in ("accuracy", "loss"):
        predictions, labels, *_ = node.inputs
        return labels, 0 if predictions is None else predictions.shape[-1]
    return None, 0
