"""Stopping where the loss is no number any more, and saying why."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from brasa.progress import message

from .base import Callback, Logs

if TYPE_CHECKING:
    from brasa.diagnosis import Diagnosis, Fault


class _Step(NamedTuple):
    """A step of the epoch: its numbers, its samples, and what it began from."""

    epoch: int
    batch: int
    rows: Any
    moment: Any


class TerminateOnNaN(Callback):
    """Stop training after the step whose loss is NaN or infinite, and say where that came from.

    The step has spoilt the weights by then. So weights and states are copied before every step, and
    the step is made once more, on copies, as ``model.diagnose`` makes it: from what it began with,
    on its own samples, with its own dropout. The message names what comes first in it: a value of
    the data (samples count as in the data given to fit), or the layer, and for sequences the time
    step, where numbers cease to be finite. Where that is a weight, the step before it is made once
    more, too: the gradient that broke the weight is there.

    Healthy training pays for one copy of the weights at each step, less than the optimizer reads
    and writes, and for the memory of two. The optimizer's slots are not copied: the second look
    takes them as zeros, and so cannot see where they alone are the reason.

    The weights are left as the last step left them; the loss of validation data is not watched.

    Attributes:
        stopped: Epoch and step of the epoch, both counted from 0, whose loss was not finite; None
            while all is finite.
        diagnosis: The :class:`~brasa.diagnosis.Diagnosis` of the step that the message is about.

    Source: https://keras.io/api/callbacks/terminate_on_nan, which stops without a reason.

    Example:
        >>> import numpy as np
        >>> from brasa import Sequential, layers
        >>> model = Sequential([layers.Dense(1, input_shape=(2,), name="head")])
        >>> model.compile("sgd", "mse")
        >>> x, y = np.ones((4, 2)), np.ones(4)
        >>> x[3, 1] = np.nan
        >>> watch = TerminateOnNaN()
        >>> _ = model.fit(x, y, epochs=9, verbose=0, callbacks=[watch], check_finite=False)
        Epoch 1, step 1: the loss is nan, training stops.
          the data: x[3, 1] is nan; layer 'head' is the first to give it
          try: clean the data: fit refuses such values in x unless check_finite=False
    """

    def __init__(self) -> None:
        super().__init__()
        self._reset()

    def _reset(self) -> None:
        self.diagnosis: Diagnosis | None = None
        self.stopped: tuple[int, int] | None = None
        self._epoch = 0
        self._before: _Step | None = None
        self._moments: list[Any] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        from brasa.diagnosis import Moment

        self._reset()
        self._moments = [Moment(self.model.engine) for _ in range(2)]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._moments.reverse()
        self._moments[0].take(self.model.engine)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        now = _Step(self._epoch, batch, self.model.fitting.picked, self._moments[0])
        loss = (logs or {}).get("loss", 0.0)
        if math.isfinite(loss):
            self._before = now
            return
        self.model.stop_training = True
        self.stopped = (now.epoch, now.batch)
        message(f"{_name(now)}: the loss is {loss}, training stops.")
        self._explain(now)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._before, self._moments = None, []

    def _explain(self, now: _Step) -> None:
        found, about = self._again(now), ""
        fault = found.fault
        if fault is not None and fault.where == "weight" and self._before is not None:
            earlier = self._again(self._before)
            if earlier.fault is not None and earlier.fault.where in ("backward", "update"):
                found, now = earlier, self._before
                about = f"{_name(now)} made a weight {fault.value}: "
        self.diagnosis = found
        if found.fault is None:
            message(
                "  made once more, the step is finite: it was at the edge of what float32 holds"
            )
            return
        message(f"  {about}{_in_all_data(found.fault, now.rows).text}")
        message(f"  try: {found.findings[0].advice}")

    def _again(self, step: _Step) -> Diagnosis:
        from brasa.diagnosis import diagnose

        batch = self.model.fitting.batch(step.rows)
        return diagnose(self.model.engine, batch, step.moment)


def _name(step: _Step) -> str:
    return f"Epoch {step.epoch + 1}, step {step.batch + 1}"


def _in_all_data(fault: Fault, rows: Any) -> Fault:
    """The sample by its number in the data given to fit."""
    if fault.where not in ("data", "forward"):
        return fault
    first, *rest = fault.index
    return replace(fault, index=(int(rows[first]), *rest))
