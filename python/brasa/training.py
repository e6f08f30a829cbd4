"""The loops over the batches of a data set. A batch is one call of a plan; Python only counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa import there
from brasa.buffers import Buffer
from brasa.engine import Engine
from brasa.feeds import DataSet
from brasa.graph.settings import settings
from brasa.plan_key import OUTPUTS, TRAINING
from brasa.readings import Logs, Readings
from brasa.seed import next_numbers
from brasa.states import check_states
from brasa.step import output_shapes, predict_batch, step_for

if TYPE_CHECKING:
    from brasa.callbacks.callback_list import BatchHooks
    from brasa.optimizers.phase import Phase


class Runner:
    """Runs the plans of one mode over one data set, and sums up losses and metrics.

    ``indexed`` plans pick their rows from the whole data set. On a device it is loaded there first;
    where it takes too much, the batches are gathered here and sent one by one.
    """

    def __init__(self, engine: Engine, mode: str, data: DataSet, *, indexed: bool = False) -> None:
        self.engine, self.mode, self.data, self.indexed = engine, mode, data, indexed
        self.readings = Readings(engine, mode)
        self._totals = Buffer(2 * self.readings.sums, "float64", engine.device)
        self.bound = {**engine.arrays(), **data.arrays, "totals": self._totals.bound()}
        self._plans: dict[tuple[int, Phase | None], Any] = {}
        self._optimizer = engine.optimizer if mode == "train" else None
        self._settings = settings()
        self._here: dict[str, NDArray[Any]] | None = None
        loaded = engine.load(data) if indexed else None
        if loaded is None:
            self.indexed = False
        else:
            self.bound.update(loaded)

    def prepare(self, rows: int, batch_size: int) -> None:
        """Make the plans now: a MemoryError comes before the first step."""
        sizes = sorted({stop - start for start, stop in batches(rows, batch_size)}, reverse=True)
        try:
            self._plan_all(sizes)
        except MemoryError:
            if not self.indexed or self.engine.device == "cpu" or self.data.is_there:
                raise
            self.indexed = False
            self.engine.forget(self._plans.values())
            self._plans.clear()
            self.bound.update(self.data.arrays)  # lets go of those on the device
            self._plan_all(sizes)

    def _plan_all(self, sizes: Sequence[int]) -> None:
        optimizer = self._optimizer
        phases: Sequence[Phase | None] = [] if optimizer is None else optimizer.phases()
        for phase in phases or (None,):
            for size in sizes:
                self._plan(size, phase)

    def rows(self, start: int, stop: int) -> None:
        """Run one batch of consecutive rows."""
        bound = self.bound
        for name, array in self.data.arrays.items():
            bound[name] = there.rows_of(array, start, stop)
        self._run(stop - start, slice(start, stop))

    def picked(self, index: NDArray[np.int64]) -> None:
        """Run one batch of the rows that the index names."""
        if self.indexed:
            self.bound["index"] = index
        else:
            for name, array in self.data.arrays.items():
                self.bound[name] = array[index]
        self._run(len(index), index)

    def batch(self, data: DataSet) -> None:
        """Run a batch that is a data set of its own."""
        if data.feeds != self.data.feeds:
            self._plans.clear()
        self.data, self._here = data, None
        self.rows(0, data.rows)

    def all_rows(self, batch_size: int, hooks: BatchHooks | None = None) -> None:
        """Run all batches in their order."""
        order = np.arange(self.data.rows) if self.indexed else None
        for number, (start, stop) in enumerate(batches(self.data.rows, batch_size)):
            if hooks is not None:
                hooks.begin(number)
            if order is None:
                self.rows(start, stop)
            else:
                self.picked(order[start:stop])
            if hooks is not None:
                hooks.end(number, self.logs())

    def _plan(self, batch: int, phase: Phase | None) -> Any:
        if settings() != self._settings:  # a callback has set a layer otherwise
            self._plans.clear()
            self._settings = settings()
        plan = self._plans.get((batch, phase))
        if plan is None:
            plan = self.engine.plan_for(
                self.mode, batch, self.data, indexed=self.indexed, phase=phase
            )
            self._plans[batch, phase] = plan
            self.bound.update(self.engine.arrays_of(plan))
            plan.reserve([name for name, array in self.bound.items() if there.lies_there(array)])
        return plan

    def _run(self, batch: int, which: slice | NDArray[np.int64]) -> None:
        plan = self._plan(batch, None if self._optimizer is None else self._optimizer.phase)
        shown = self.readings.room(plan) if self.readings.beside else {}
        self.bound.update(shown)
        if plan.states:
            check_states(plan)
        # A callback may have run another model with the same layers.
        version = self.engine.store.claim()
        if self.mode not in OUTPUTS:
            self.engine.begin_step()
        if self.mode not in TRAINING and plan.draws:
            self.bound["random"] = next_numbers()
        plan.run(self.bound, version)
        self._totals.written()
        self.engine.end_run(self.mode, plan)
        if shown:
            self.readings.update(self._judged(which), shown)

    def _judged(self, which: slice | NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Targets and weights of the batch that was run."""
        if self._here is None:
            arrays = self.data.arrays.items()
            self._here = {name: there.host_of(a) for name, a in arrays if name[0] in "yw"}
        return {name: array[which] for name, array in self._here.items()}

    def reset(self) -> None:
        """Forget the sums."""
        self._totals.fill(0)
        self.readings.reset()

    def logs(self) -> Logs:
        """The means over the samples seen since the last reset."""
        return self.readings.logs(self._totals.host())


def batches(rows: int, batch_size: int) -> Iterator[tuple[int, int]]:
    """The bounds of consecutive batches; the last one may be smaller."""
    for start in range(0, rows, batch_size):
        yield start, min(start + batch_size, rows)


class Passes:
    """Passes over rows, of which an epoch takes one, or ``steps_per_epoch`` steps and goes on."""

    def __init__(self, rows: int, batch_size: int, steps_per_epoch: int | None) -> None:
        self._bounds = list(batches(rows, batch_size))
        self.steps = min(steps_per_epoch or len(self._bounds), len(self._bounds))
        self.samples = min(rows, self.steps * batch_size)

    def epoch(
        self, number: int, order: Callable[[int], NDArray[np.int64]]
    ) -> Iterator[NDArray[np.int64]]:
        """The rows of each step of an epoch; ``order`` gives those of a pass, by its number."""
        first = number * self.steps
        rows = np.zeros(0, np.int64)
        for step in range(first, first + self.steps):
            which, place = divmod(step, len(self._bounds))
            if step == first or place == 0:
                rows = order(which)
            start, stop = self._bounds[place]
            yield rows[start:stop]


def evaluate(
    engine: Engine, data: DataSet, batch_size: int, hooks: BatchHooks | None = None
) -> Logs:
    """Losses and metrics over a data set: means over samples, not over batches."""
    return evaluate_with(evaluator(engine, data), batch_size, hooks)


def evaluator(engine: Engine, data: DataSet) -> Runner:
    """What evaluates a data set, again and again: on a device it is loaded there once."""
    return Runner(engine, "test", data, indexed=engine.device != "cpu")


def evaluate_with(runner: Runner, batch_size: int, hooks: BatchHooks | None = None) -> Logs:
    """Losses and metrics over the data set of the runner."""
    runner.reset()
    runner.prepare(runner.data.rows, batch_size)
    runner.all_rows(batch_size, hooks)
    return runner.logs()


def predict(engine: Engine, data: DataSet, batch_size: int) -> list[NDArray[Any]]:
    """The outputs for all rows."""
    if 0 < data.rows <= batch_size:
        return predict_batch(engine, data)
    results = outputs_for(engine, data)
    runner = Runner(engine, "predict", data)
    for start, stop in batches(data.rows, batch_size):
        for i, result in enumerate(results):
            runner.bound[f"out{i}"] = result[start:stop]
        runner.rows(start, stop)
    return results


def predict_watched(
    engine: Engine, data: DataSet, batch_size: int, hooks: BatchHooks
) -> list[NDArray[Any]]:
    """The outputs for all rows, each batch told to callbacks."""
    data = data.here()
    results = outputs_for(engine, data)
    for number, (start, stop) in enumerate(batches(data.rows, batch_size)):
        hooks.begin(number)
        outputs = predict_batch(engine, data.slice(start, stop))
        for result, output in zip(results, outputs, strict=True):
            result[start:stop] = output
        hooks.end(number, {"outputs": engine.network.arranged(outputs)})
    return results


def predict_there(
    engine: Engine, data: DataSet, batch_size: int, mode: str = "predict"
) -> list[Any]:
    """The outputs for rows that lie on the engine's device, in arrays that lie there, too."""
    shapes = output_shapes(engine, data)
    results = [there.empty(engine.device, shape) for shape in shapes]
    for start, stop in batches(data.rows, batch_size):
        part = data.slice(start, stop)
        outputs = {f"out{i}": result.rows(start, stop) for i, result in enumerate(results)}
        step_for(engine, mode, part).run(part.arrays | outputs)
    there.finish(engine.device)  # who lent the rows may overwrite them
    return results


def outputs_for(engine: Engine, data: DataSet) -> list[NDArray[Any]]:
    """Empty arrays for the outputs of all rows of a data set."""
    return [np.empty(shape, np.float32) for shape in output_shapes(engine, data)]
