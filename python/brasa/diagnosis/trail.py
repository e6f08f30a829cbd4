"""The way back to one of the latest steps of training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brasa.engine import Engine
from brasa.feeds import DataSet
from brasa.graph.symbol import State
from brasa.training import Runner

Array = NDArray[Any]

# A copy reads and writes weights and slots, about as much as the optimizer does in one step: it is
# made once in so many, and the way back is as many steps of training at most.
STEPS = 16


class Step(NamedTuple):
    """A step of an epoch, both counted from 0, and what it needs beside weights and slots."""

    epoch: int
    batch: int
    rows: NDArray[np.int64]
    learning_rate: float
    states: dict[tuple[Any, Any], Array]  # of stateful layers, before the step


class Trail:
    """A copy of weights and slots, and which steps were made since.

    Training gives the same bits again: from the copy, all these steps can be made once more.
    """

    def __init__(self, engine: Engine, data: DataSet) -> None:
        self.engine, self.data = engine, data
        inputs, _ = engine.network.probe()
        sources = inputs[0].graph.sources
        self._owners = list({key.owner for key in sources if isinstance(key, State)})
        self._copies = [np.empty_like(buffer) for buffer in self._buffers()]
        self._iterations = 0
        self._version = -1  # of the weights, after the latest step
        self.steps: list[Step] = []

    def add(self, epoch: int, batch: int, rows: NDArray[np.int64]) -> None:
        """Say which step comes next."""
        version = self.engine.store.claim()
        if version != self._version or self._is_long():
            self._copy()
        rate = self.engine.optimizer.learning_rate
        self.steps.append(Step(epoch, batch, rows, rate, self._states()))
        self._version = version + 1

    @contextmanager
    def before(self, index: int) -> Iterator[Step]:
        """Inside, the model is where it was before a step; afterwards it is where it is now."""
        engine, optimizer = self.engine, self.engine.optimizer
        step = self.steps[index]
        kept = self.engine.store.snapshot()
        states, counted, rate = self._states(), optimizer.steps, optimizer.learning_rate
        sizes = [owner.state_batch for owner in self._owners]
        runner = Runner(engine, "train", self.data, indexed=True)
        try:
            self._write(self._copies, step.states, self._iterations, step.learning_rate)
            for earlier in self.steps[:index]:
                self._set_states(earlier.states)
                self._set_rate(earlier.learning_rate)
                runner.picked(earlier.rows)
            self._set_states(step.states)
            self._set_rate(step.learning_rate)
            yield step
        finally:
            self._write(kept, states, counted, rate)
            for owner, size in zip(self._owners, sizes, strict=True):
                owner.state_batch = size

    def _is_long(self) -> bool:
        """Whether it is time for a new copy: not of broken weights, as the reason is on the way."""
        if len(self.steps) < STEPS:
            return False
        total = float(self.engine.store.values.sum(dtype=np.float64))
        return math.isfinite(total) or len(self.steps) >= 2 * STEPS

    def _copy(self) -> None:
        for copy, buffer in zip(self._copies, self._buffers(), strict=True):
            np.copyto(copy, buffer)
        self._iterations = self.engine.optimizer.steps
        self.steps = []

    def _buffers(self) -> list[Array]:
        store = self.engine.store
        return [store.values, *store.slots.values()]

    def _states(self) -> dict[tuple[Any, Any], Array]:
        return {
            (owner, key): state.host().copy()
            for owner in self._owners
            for key, state in owner.states.items()
        }

    def _write(
        self, buffers: list[Array], states: dict[tuple[Any, Any], Array], steps: int, rate: float
    ) -> None:
        self.engine.store.restore(buffers)
        self._set_states(states)
        self.engine.optimizer.steps = steps
        self._set_rate(rate)

    def _set_rate(self, rate: float) -> None:
        if not self.engine.optimizer.is_scheduled:  # else it follows from the step's number
            self.engine.optimizer.learning_rate = rate

    def _set_states(self, states: dict[tuple[Any, Any], Array]) -> None:
        for owner in self._owners:
            owner.state_batch = None  # any size: the step has been made before
            for key, state in owner.states.items():
                state.to_write()[...] = states.get((owner, key), 0)  # later ones were zeros
