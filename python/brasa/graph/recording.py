"""Which graph records now: that of the layer, or the model, whose ``call`` runs in this thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brasa.graph.trace import Graph


class _Now(threading.local):
    def __init__(self) -> None:
        self.graph: Graph | Exception | None = None


_NOW = _Now()


@contextmanager
def recording(graph: Graph | Exception | None) -> Iterator[None]:
    """In the block, ops on weights alone become nodes of the graph, so that they have gradients.

    With an error they raise it: there is no graph yet, and a value of now would be a constant. With
    None they run now, as they do outside.
    """
    before, _NOW.graph = _NOW.graph, graph
    try:
        yield
    finally:
        _NOW.graph = before


def recorder() -> Graph | None:
    """The graph that records now, None where nothing does."""
    graph = _NOW.graph
    if isinstance(graph, Exception):
        raise graph
    return graph
