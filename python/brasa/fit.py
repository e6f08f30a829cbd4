"""The epochs of ``fit``: shuffled batches, validation, callbacks, progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from brasa.engine import Engine
from brasa.feeds import DataSet
from brasa.readings import Logs
from brasa.streams import NO_DATA, BatchReader, Stream
from brasa.there import host_of
from brasa.training import Passes, Runner

if TYPE_CHECKING:
    from brasa.callbacks import CallbackList
    from brasa.callbacks.callback_list import BatchHooks
    from brasa.fitting import Fitting
    from brasa.progress import EpochProgress

# How often the running loss is read and shown, in seconds.
_SHOW_EVERY = 0.1

# What finds the logs of validation.
Check = Callable[["BatchHooks | None"], Logs]


@dataclass
class Schedule:
    """How fit goes through the data."""

    batch_size: int
    epochs: int
    initial_epoch: int
    shuffle: bool
    steps_per_epoch: int | None
    validation_batch_size: int
    validation_steps: int | None
    validation_freq: int | Collection[int]
    verbose: int | str

    def validates_after(self, epoch: int) -> bool:
        """Whether this epoch, from 0, ends with a validation."""
        every = self.validation_freq
        return (epoch + 1) % every == 0 if isinstance(every, int) else epoch + 1 in every


class Sums(Protocol):
    """What was seen since the last reset."""

    def reset(self) -> None:
        """Forget it."""

    def logs(self) -> Logs:
        """What it came to."""


class Lessons(Protocol):
    """What fit goes through in its epochs."""

    @property
    def data(self) -> DataSet | None:
        """All data, where plans pick rows of it."""

    @property
    def picked(self) -> NDArray[np.int64]:
        """The rows of the step that comes or was."""

    @property
    def steps(self) -> int | None:
        """The steps of an epoch."""

    @property
    def samples(self) -> int | None:
        """The samples of an epoch."""

    @property
    def runner(self) -> Sums:
        """What sums up."""

    def epoch(self) -> Iterator[int]:
        """Before each step the number of samples that will be done after it."""

    def step(self) -> None:
        """Make the step."""

    def finish(self) -> None:
        """Count the epoch."""


class Rows:
    """Lessons from arrays: passes over all rows, each in a new order.

    An epoch is one pass, or ``steps_per_epoch`` steps of one and the next.
    """

    def __init__(self, engine: Engine, data: DataSet, how: Schedule) -> None:
        self.engine, self.data, self.how = engine, data, how
        self.runner = Runner(engine, "train", data, indexed=True)
        self._passes = Passes(data.rows, how.batch_size, how.steps_per_epoch)
        self.steps, self.samples = self._passes.steps, self._passes.samples
        self._epoch = how.initial_epoch
        self.picked = np.zeros(0, np.int64)  # the rows of the step that comes or was
        if how.epochs > how.initial_epoch:
            self.runner.prepare(data.rows, how.batch_size)

    def epoch(self) -> Iterator[int]:
        """Before each step the number of samples that will be done after it."""
        shuffle = self.how.shuffle
        # Orders go on from fit to fit; without any, the first epoch of fit begins with row 0.
        number = self.engine.epochs_trained if shuffle else self._epoch
        self._epoch += 1
        order = partial(self.engine.epoch_order, self.data.rows, shuffle=shuffle)
        done = 0
        for picked in self._passes.epoch(number, order):
            self.picked = picked
            done += len(picked)
            yield done

    def step(self) -> None:
        """Make the step."""
        self.runner.picked(self.picked)

    def finish(self) -> None:
        """Count the epoch."""
        self.engine.epochs_trained += 1


class Batches:
    """Lessons from a stream: each step takes the next batch as it comes."""

    data = None
    samples = None
    picked = np.zeros(0, np.int64)

    def __init__(self, engine: Engine, stream: Stream, reader: BatchReader) -> None:
        self.runner = Runner(engine, "train", NO_DATA)
        self.stream, self.reader = stream, reader
        self.steps = stream.steps
        self._batch = NO_DATA

    def epoch(self) -> Iterator[int]:
        """Before each step the number of samples that will be done after it."""
        done = 0
        for number, item in enumerate(self.stream.epoch()):
            self._batch = self.reader.read(self.stream.where(number), item)
            done += self._batch.rows
            yield done

    def step(self) -> None:
        """Make the step."""
        self.runner.batch(self._batch)

    def finish(self) -> None:
        """Count the epoch."""
        self.runner.engine.epochs_trained += 1


class Fit:
    """One call of fit: epochs of training steps, validation, callbacks, progress."""

    def __init__(
        self,
        model: Fitting,
        lessons: Lessons,
        check: Check | None,
        how: Schedule,
    ) -> None:
        self.model, self.lessons, self.check, self.how = model, lessons, check, how

    @property
    def data(self) -> DataSet | None:
        """All data; None where they come batch by batch."""
        return self.lessons.data

    @property
    def picked(self) -> NDArray[np.int64]:
        """The rows of the step that comes or was."""
        return self.lessons.picked

    def batch(self, rows: NDArray[np.int64]) -> DataSet:
        """A batch of these rows."""
        data = self.data
        assert data is not None
        arrays = {name: host_of(array)[rows] for name, array in data.arrays.items()}
        return DataSet(arrays, len(rows), data.inputs, data.targets, data.weights)

    def run(self, callbacks: CallbackList) -> None:
        """All epochs, or as many as the callbacks allow; then averages take the weights' place."""
        how, lessons = self.how, self.lessons
        params = {"epochs": how.epochs, "steps": lessons.steps, "verbose": how.verbose}
        callbacks.set_params(params)
        callbacks.set_model(self.model)
        self.model.stop_training = False
        callbacks.on_train_begin()
        logs = self._epochs(callbacks)
        optimizer = self.model.optimizer
        if optimizer.use_ema and optimizer.steps and how.epochs > 0:
            optimizer.finalize_variable_values()
        callbacks.on_train_end(logs)

    def _epochs(self, callbacks: CallbackList) -> Logs:
        from brasa.progress import EpochProgress

        how, lessons = self.how, self.lessons
        logs: Logs = {}
        for epoch in range(how.initial_epoch, how.epochs):
            callbacks.on_epoch_begin(epoch)
            with EpochProgress(epoch, how.epochs, lessons.samples, how.verbose) as progress:
                logs = self._train(callbacks, progress)
                if self.check is not None and how.validates_after(epoch):
                    callbacks.on_test_begin()
                    found = self.check(callbacks.batch_hooks("test"))
                    callbacks.on_test_end(found)
                    logs |= {f"val_{name}": value for name, value in found.items()}
                progress.close(logs)
            self.lessons.finish()
            callbacks.on_epoch_end(epoch, logs)
            if self.model.stop_training:
                break
        return logs

    def _train(self, callbacks: CallbackList, progress: EpochProgress) -> Logs:
        runner = self.lessons.runner
        runner.reset()
        watched = callbacks.wants_batches
        shown, done = time.perf_counter(), 0
        for batch, done in enumerate(self.lessons.epoch()):
            if watched:
                callbacks.on_train_batch_begin(batch)
            self.lessons.step()
            if watched:
                callbacks.on_train_batch_end(batch, runner.logs())
            now = time.perf_counter()
            # Reading the sums waits for the device: only where they are shown.
            if now - shown > _SHOW_EVERY and progress.draws:
                shown = now
                progress.update(done, runner.logs())
            if self.model.stop_training:
                break
        logs = runner.logs()
        progress.update(done, logs)
        return logs
