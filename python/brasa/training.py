"""The loops over batches and epochs. A batch is one call of a plan; Python only counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa import there
from brasa.buffers import Buffer
from brasa.engine import Engine
from brasa.feeds import DataSet
from brasa.inputs import exact_shape

if TYPE_CHECKING:
    from brasa.losses import Loss

Logs = dict[str, float]


class Runner:
    """Runs the plans of one mode over one data set, and sums up losses and metrics.

    ``indexed`` plans pick their rows from the whole data set. On a device it is loaded there first;
    where it takes too much, the batches are gathered here and sent one by one.
    """

    def __init__(self, engine: Engine, mode: str, data: DataSet, *, indexed: bool = False) -> None:
        self.engine, self.mode, self.data, self.indexed = engine, mode, data, indexed
        self.names = engine.readouts(mode)
        self._totals = Buffer(2 * len(self.names), "float64", engine.device)
        self.bound = {**engine.arrays(), **data.arrays, "totals": self._totals.bound()}
        self._plans: dict[int, Any] = {}
        loaded = engine.load(data) if indexed else None
        if loaded is None:
            self.indexed = False
        else:
            self.bound.update(loaded)

    def prepare(self, rows: int, batch_size: int) -> None:
        """Make the plans now: a MemoryError comes before the first step."""
        sizes = sorted({stop - start for start, stop in batches(rows, batch_size)}, reverse=True)
        try:
            for size in sizes:
                self._plan(size)
        except MemoryError:
            if not self.indexed or self.engine.device == "cpu" or self.data.is_there:
                raise
            self.indexed = False
            self.engine.forget(self._plans.values())
            self._plans.clear()
            self.bound.update(self.data.arrays)  # lets go of those on the device
            for size in sizes:
                self._plan(size)

    def rows(self, start: int, stop: int) -> None:
        """Run one batch of consecutive rows."""
        bound = self.bound
        for name, array in self.data.arrays.items():
            bound[name] = there.rows_of(array, start, stop)
        self._run(stop - start)

    def picked(self, index: NDArray[np.int64]) -> None:
        """Run one batch of the rows that the index names."""
        if self.indexed:
            self.bound["index"] = index
        else:
            for name, array in self.data.arrays.items():
                self.bound[name] = array[index]
        self._run(len(index))

    def batch(self, data: DataSet) -> None:
        """Run a batch that is a data set of its own."""
        if data.feeds != self.data.feeds:
            self._plans.clear()
        self.data = data
        self.rows(0, data.rows)

    def all_rows(self, batch_size: int) -> None:
        """Run all batches in their order."""
        order = np.arange(self.data.rows) if self.indexed else None
        for start, stop in batches(self.data.rows, batch_size):
            if order is None:
                self.rows(start, stop)
            else:
                self.picked(order[start:stop])

    def _plan(self, batch: int) -> Any:
        plan = self._plans.get(batch)
        if plan is None:
            plan = self.engine.plan_for(self.mode, batch, self.data, indexed=self.indexed)
            self._plans[batch] = plan
            self.bound.update(self.engine.states_of(plan))
            plan.reserve([name for name, array in self.bound.items() if there.lies_there(array)])
        return plan

    def _run(self, batch: int) -> None:
        plan = self._plan(batch)
        if plan.states:
            self.engine.check_states(plan)
        # A callback may have run another model with the same layers.
        version = self.engine.store.claim()
        if self.mode != "predict":
            self.engine.begin_step()
        plan.run(self.bound, version)
        self._totals.written()
        self.engine.end_run(self.mode, plan)

    def reset(self) -> None:
        """Forget the sums."""
        self._totals.fill(0)

    def logs(self) -> Logs:
        """The means over the samples seen since the last reset."""
        return self.engine.logs(_means(self.names, self._totals.host()))


def batches(rows: int, batch_size: int) -> Iterator[tuple[int, int]]:
    """The bounds of consecutive batches; the last one may be smaller."""
    for start in range(0, rows, batch_size):
        yield start, min(start + batch_size, rows)


class Step:
    """One plan for one batch, with all bound that stays the same from call to call."""

    def __init__(self, engine: Engine, mode: str, data: DataSet) -> None:
        self.engine, self.mode = engine, mode
        self.plan = engine.plan_for(mode, max(data.rows, 1), data)
        self.names = engine.readouts(mode)
        self.shapes = output_shapes(engine, data)
        self._outputs = [f"out{i}" for i in range(len(self.shapes))]
        lasting = {**engine.arrays(), **engine.states_of(self.plan)}
        self._segments = [lasting.get(segment.name) for segment in self.plan.segments]
        self._given = [
            (place, segment.name)
            for place, segment in enumerate(self.plan.segments)
            if segment.name not in lasting
        ]

    def run(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Run on these arrays, the rest being bound."""
        segments = self._segments.copy()  # another thread may run the same step
        for place, name in self._given:
            segments[place] = arrays[name]
        if self.plan.states:
            self.engine.check_states(self.plan)
        version = self.engine.store.claim()
        if self.mode != "predict":
            self.engine.begin_step()
        self.plan.run_bound(segments, version)
        if self.mode != "predict" or self.plan.states:
            self.engine.end_run(self.mode, self.plan)

    def predict(self, arrays: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The outputs for one batch, in arrays of their own."""
        results = [np.empty(shape, np.float32) for shape in self.shapes]
        self.run({**arrays, **dict(zip(self._outputs, results, strict=True))})
        return results

    def logs(self, arrays: dict[str, NDArray[Any]]) -> Logs:
        """Losses and metrics of one batch."""
        totals = np.zeros(2 * len(self.names))
        self.run({**arrays, "totals": totals})
        return self.engine.logs(_means(self.names, totals))


def step_for(engine: Engine, mode: str, data: DataSet) -> Step:
    """The step for a batch like this one, kept beside its plan."""
    key = engine.key_of(mode, max(data.rows, 1), data)
    step = engine.steps.get(key)
    if step is None:
        step = engine.steps[key] = Step(engine, mode, data)
    return step


def _means(names: list[str], totals: NDArray[np.float64]) -> Logs:
    values = totals.tolist()
    pairs = zip(values[0::2], values[1::2], strict=True)
    means = [total / max(count, 1) for total, count in pairs]
    return dict(zip(names, means, strict=True))


def _shortcut(engine: Engine, mode: str, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Under what a step is found by its only input's shape, where that needs no conversion."""
    return (mode, shape, *engine.choices())


def _known_step(engine: Engine, mode: str, x: Any) -> Step | None:
    shape = exact_shape(engine.network, x)
    return None if shape is None else engine.steps.get(_shortcut(engine, mode, shape))


def on_batch(engine: Engine, mode: str, data: DataSet) -> Logs:
    """Losses and metrics of one batch, after the step where the mode is "train"."""
    step = step_for(engine, mode, data)
    plain = data.inputs[0].dtype in ("float32", "int32") and not data.is_there
    if set(data.arrays) == {"x0", "y0"} and plain:
        engine.steps[_shortcut(engine, mode, data.arrays["x0"].shape)] = step
    return step.logs(data.arrays)


def on_batch_again(engine: Engine, mode: str, x: Any, y: Any, loss: Loss) -> Logs | None:
    """The same for x like one that was seen before and a single loss, else None.

    A step of a small net takes as long as checking its batch with care.
    """
    step = _known_step(engine, mode, x)
    return None if step is None else step.logs({"x0": x, "y0": loss.prepare(y, step.shapes[0])})


def evaluate(engine: Engine, data: DataSet, batch_size: int) -> Logs:
    """Losses and metrics over a data set: means over samples, not over batches."""
    return evaluate_with(evaluator(engine, data), batch_size)


def evaluator(engine: Engine, data: DataSet) -> Runner:
    """What evaluates a data set, again and again: on a device it is loaded there once."""
    return Runner(engine, "test", data, indexed=engine.device != "cpu")


def evaluate_with(runner: Runner, batch_size: int) -> Logs:
    """Losses and metrics over the data set of the runner."""
    runner.reset()
    runner.prepare(runner.data.rows, batch_size)
    runner.all_rows(batch_size)
    return runner.logs()


def predict_again(engine: Engine, x: Any) -> list[NDArray[Any]] | None:
    """The outputs for an array like one that was predicted before, else None.

    One sample through a small net takes some microseconds: as long as checking it with care.
    """
    step = _known_step(engine, "predict", x)
    return None if step is None else step.predict({"x0": x})


def predict(engine: Engine, data: DataSet, batch_size: int) -> list[NDArray[Any]]:
    """The outputs for all rows."""
    if 0 < data.rows <= batch_size:
        step = step_for(engine, "predict", data)
        if len(data.arrays) == 1 and data.inputs[0].dtype in ("float32", "int32"):
            engine.steps[_shortcut(engine, "predict", data.arrays["x0"].shape)] = step
        return step.predict(data.arrays)
    results = outputs_for(engine, data)
    runner = Runner(engine, "predict", data)
    for start, stop in batches(data.rows, batch_size):
        for i, result in enumerate(results):
            runner.bound[f"out{i}"] = result[start:stop]
        runner.rows(start, stop)
    return results


def predict_there(engine: Engine, data: DataSet, batch_size: int) -> list[Any]:
    """The outputs for rows that lie on the engine's device, in arrays that lie there, too."""
    shapes = output_shapes(engine, data)
    results = [there.empty(engine.device, shape) for shape in shapes]
    for start, stop in batches(data.rows, batch_size):
        part = data.slice(start, stop)
        outputs = {f"out{i}": result.rows(start, stop) for i, result in enumerate(results)}
        step_for(engine, "predict", part).run(part.arrays | outputs)
    there.finish(engine.device)  # who lent the rows may overwrite them
    return results


def output_shapes(engine: Engine, data: DataSet) -> list[tuple[int, ...]]:
    """The shapes of the outputs for all rows of a data set."""
    rows = engine.network.output_rows(tuple(feed.row for feed in data.inputs))
    return [(data.rows, *row) for row in rows]


def outputs_for(engine: Engine, data: DataSet) -> list[NDArray[Any]]:
    """Empty arrays for the outputs of all rows of a data set."""
    return [np.empty(shape, np.float32) for shape in output_shapes(engine, data)]
