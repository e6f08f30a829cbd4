"""One batch: a plan with all bound that stays the same, found again by the batch's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa.engine import Engine
from brasa.feeds import DataSet
from brasa.inputs import exact_shape
from brasa.plan_key import OUTPUTS, TRAINING
from brasa.readings import Logs, Readings
from brasa.seed import next_numbers
from brasa.states import check_states

if TYPE_CHECKING:
    from brasa.losses import Loss


class Step:
    """One plan for one batch, with all bound that stays the same from call to call."""

    def __init__(self, engine: Engine, mode: str, data: DataSet) -> None:
        self.engine, self.mode = engine, mode
        self.plan = engine.plan_for(mode, max(data.rows, 1), data)
        self.readings = Readings(engine, mode)
        self.shapes = output_shapes(engine, data)
        self._outputs = [f"out{i}" for i in range(len(self.shapes))]
        lasting = {**engine.arrays(), **engine.arrays_of(self.plan)}
        self._segments = [lasting.get(segment.name) for segment in self.plan.segments]
        # Plans that train draw by the number of the step, others anew at each run.
        self._draws = self.plan.draws and mode not in TRAINING
        if self._draws:
            del lasting["random"]
        self._given = [
            (place, segment.name)
            for place, segment in enumerate(self.plan.segments)
            if segment.name not in lasting
        ]

    def run(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Run on these arrays, the rest being bound."""
        segments = self._segments.copy()  # another thread may run the same step
        if self._draws:
            arrays = {**arrays, "random": next_numbers()}
        for place, name in self._given:
            segments[place] = arrays[name]
        if self.plan.states:
            check_states(self.plan)
        version = self.engine.store.claim()
        if self.mode not in OUTPUTS:
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
        totals, readings = np.zeros(2 * self.readings.sums), self.readings
        if not readings.beside:
            self.run({**arrays, "totals": totals})
            return readings.logs(totals)
        shown = readings.room(self.plan)
        self.run({**arrays, "totals": totals, **shown})
        readings.reset()
        readings.update(arrays, shown)
        return readings.logs(totals)


def step_for(engine: Engine, mode: str, data: DataSet) -> Step:
    """The step for a batch like this one, kept beside its plan."""
    key = engine.key_of(mode, max(data.rows, 1), data)
    step = engine.steps.get(key)
    if step is None:
        step = engine.steps[key] = Step(engine, mode, data)
    return step


def _shortcut(engine: Engine, mode: str, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Under what a step is found by its only input's shape, where that needs no conversion."""
    objective = engine.objective if mode == "train" else None
    phase = None if objective is None else objective.optimizer.phase
    return (mode, shape, *engine.choices(), phase)


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


def predict_batch(engine: Engine, data: DataSet) -> list[NDArray[Any]]:
    """The outputs for the rows of one batch."""
    step = step_for(engine, "predict", data)
    if len(data.arrays) == 1 and data.inputs[0].dtype in ("float32", "int32"):
        engine.steps[_shortcut(engine, "predict", data.arrays["x0"].shape)] = step
    return step.predict(data.arrays)


def predict_again(engine: Engine, x: Any) -> list[NDArray[Any]] | None:
    """The outputs for an array like one that was predicted before, else None.

    One sample through a small net takes some microseconds: as long as checking it with care.
    """
    step = _known_step(engine, "predict", x)
    return None if step is None else step.predict({"x0": x})


def output_shapes(engine: Engine, data: DataSet) -> list[tuple[int, ...]]:
    """The shapes of the outputs for all rows of a data set."""
    rows = engine.network.output_rows(tuple(feed.row for feed in data.inputs))
    return [(data.rows, *row) for row in rows]
