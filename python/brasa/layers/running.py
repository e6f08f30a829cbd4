"""The layers whose ``call`` runs now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brasa.layers.weighted import Weighted


class _Running(threading.local):
    """The layers whose ``call`` runs now in this thread, the outermost first."""

    def __init__(self) -> None:
        self.layers: list[Weighted] = []


_RUNNING = _Running()

# A layer may call itself on a part of its input, but hardly so often.
_DEEPEST = 32


def running() -> list[Weighted]:
    """The layers whose ``call`` runs now, the outermost first."""
    return _RUNNING.layers


@contextmanager
def running_in(layer: Weighted) -> Iterator[None]:
    """The block is the ``call`` of the layer; RecursionError where it goes on for ever."""
    layers = _RUNNING.layers
    if layers.count(layer) == _DEEPEST:
        last = len(layers) - 1 - layers[::-1].index(layer)
        round_trip = " -> ".join(repr(each.name) for each in [*layers[last:], layer])
        raise RecursionError(f"layer {layer.name!r} calls itself without end: {round_trip}")
    layers.append(layer)
    try:
        yield
    finally:
        layers.pop()
