"""The epochs of ``fit``: shuffled batches, validation, callbacks, progress."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brasa.engine import Engine
from brasa.feeds import DataSet
from brasa.there import host_of
from brasa.training import Logs, Runner, batches, evaluate_with, evaluator

if TYPE_CHECKING:
    from brasa.callbacks import CallbackList
    from brasa.model import Model
    from brasa.progress import EpochProgress

# How often the running loss is read and shown, in seconds.
_SHOW_EVERY = 0.1


@dataclass
class Schedule:
    """How fit goes through the data."""

    batch_size: int
    epochs: int
    initial_epoch: int
    shuffle: bool
    steps_per_epoch: int | None
    validation_batch_size: int
    verbose: int | str


class Fit:
    """One call of fit: epochs of training steps, validation, callbacks, progress."""

    def __init__(
        self, model: Model, engine: Engine, data: DataSet, validation: DataSet | None, how: Schedule
    ) -> None:
        self.model, self.engine, self.data = model, engine, data
        self.how = how
        self.runner = Runner(engine, "train", data, indexed=True)
        self.checker = None if validation is None else evaluator(engine, validation)
        steps = how.steps_per_epoch
        self.rows = data.rows if steps is None else min(data.rows, steps * how.batch_size)
        self.picked = np.zeros(0, np.int64)  # the rows of the step that comes or was
        if how.epochs > how.initial_epoch:  # what has no room says so before the first step
            self.runner.prepare(self.rows, how.batch_size)
            if self.checker is not None and engine.device != "cpu":
                self.checker.prepare(self.checker.data.rows, how.validation_batch_size)

    def batch(self, rows: NDArray[np.int64]) -> DataSet:
        """A batch of these rows."""
        data = self.data
        arrays = {name: host_of(array)[rows] for name, array in data.arrays.items()}
        return DataSet(arrays, len(rows), data.inputs, data.targets, data.weights)

    def run(self, callbacks: CallbackList) -> None:
        """All epochs, or as many as the callbacks allow."""
        from brasa.progress import EpochProgress

        how = self.how
        steps = -(-self.rows // how.batch_size)
        callbacks.set_params({"epochs": how.epochs, "steps": steps, "verbose": how.verbose})
        callbacks.set_model(self.model)
        self.model.stop_training = False
        callbacks.on_train_begin()
        for epoch in range(how.initial_epoch, how.epochs):
            callbacks.on_epoch_begin(epoch)
            with EpochProgress(epoch, how.epochs, self.rows, how.verbose) as progress:
                logs = self._train(callbacks, progress)
                if self.checker is not None:
                    callbacks.on_test_begin()
                    checked = evaluate_with(self.checker, how.validation_batch_size)
                    logs |= {f"val_{name}": value for name, value in checked.items()}
                    callbacks.on_test_end()
                progress.close(logs)
            self.engine.epochs_trained += 1
            callbacks.on_epoch_end(epoch, logs)
            if self.model.stop_training:
                break
        callbacks.on_train_end()

    def _train(self, callbacks: CallbackList, progress: EpochProgress) -> Logs:
        runner = self.runner
        runner.reset()
        order = self.engine.epoch_order(self.data.rows, shuffle=self.how.shuffle)
        watched = callbacks.wants_batches
        shown = time.perf_counter()
        for batch, (start, stop) in enumerate(batches(self.rows, self.how.batch_size)):
            self.picked = order[start:stop]
            if watched:
                callbacks.on_train_batch_begin(batch)
            runner.picked(self.picked)
            if watched:
                callbacks.on_train_batch_end(batch, runner.logs())
            now = time.perf_counter()
            # Reading the sums waits for the device: only where they are shown.
            if now - shown > _SHOW_EVERY and progress.draws:
                shown = now
                progress.update(stop, runner.logs())
            if self.model.stop_training:
                break
        logs = runner.logs()
        progress.update(self.rows, logs)
        return logs
