"""What a training step begins from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.engine import Engine
from brasa.graph.symbol import State
from brasa.graph.trace import Graph

Array = NDArray[Any]


class Moment:
    """Copies of the weights, and of the states of stateful layers, before a step; its number.

    The optimizer's slots are not among them: all that is forward, and all gradients, do without.
    """

    def __init__(self, engine: Engine) -> None:
        inputs, _ = engine.network.probe()
        graph: Graph = inputs[0].graph
        self._owners = list({s.owner for s in graph.sources if isinstance(s, State)})
        self.weights: Array = np.empty_like(engine.store.values)
        self.states: dict[tuple[Any, Any], Array] = {}
        self.iterations = 0
        self.take(engine)

    def take(self, engine: Engine) -> None:
        """Copy what is there now."""
        engine.store.claim()
        np.copyto(self.weights, engine.store.values)
        self.iterations = engine.optimizer.iterations
        self.states = {
            (owner, key): state.copy()
            for owner in self._owners
            for key, state in owner.states.items()
        }
