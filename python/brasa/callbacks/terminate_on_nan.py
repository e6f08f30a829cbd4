"""Stopping where the loss is no number any more, and saying why."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from brasa.progress import message

from .base import Callback, Logs

if TYPE_CHECKING:
    from brasa.diagnosis import Diagnosis, Fault, Step, Trail


class TerminateOnNaN(Callback):
    """Stop training after the step whose loss is NaN or infinite, and say where that came from.

    The step has spoilt the weights by then, so it is made once more: from a copy, through the steps
    since, which give the same bits again, to the state that it began with. There it is diagnosed,
    as ``model.diagnose`` does. The message names what comes first: a value of the data (samples
    count as in the data given to fit), or the layer, and for sequences the time step, where numbers
    cease to be finite. Where a weight was not finite before, the search goes on in the steps before
    it: the gradient that broke the weight is there.

    Healthy training pays for a copy of the weights and the optimizer's slots in every 16th step,
    for the states of stateful layers in every one, and for the memory of them.

    The weights are left as the last step left them; the loss of validation data is not watched.
    Where fit gets its batches from an iterable, training stops without a reason: they are gone.

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
        self._trail: Trail | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        from brasa.diagnosis import Trail

        self._reset()
        if self.model.fitting.data is not None:
            self._trail = Trail(self.model.engine, self.model.fitting.data)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        if self._trail is not None:
            self._trail.add(self._epoch, batch, self.model.fitting.picked)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if math.isfinite(loss):
            return
        self.model.stop_training = True
        self.stopped = (self._epoch, batch)
        message(f"Epoch {self._epoch + 1}, step {batch + 1}: the loss is {loss}, training stops.")
        if self._trail is None:
            message("  where it came from is found where fit gets arrays, not an iterable")
        else:
            self._explain()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._trail = None

    def _explain(self) -> None:
        assert self._trail is not None
        latest = len(self._trail.steps) - 1
        self.diagnosis, step = self._again(latest)
        for index in reversed(range(latest)):
            if self.diagnosis.fault is None or self.diagnosis.fault.where != "weight":
                break
            earlier, before = self._again(index)
            if earlier.fault is None:
                break
            self.diagnosis, step = earlier, before
        fault = self.diagnosis.fault
        if fault is None:
            message("  made once more, it is finite: it was at the edge of what float32 holds")
            return
        about = ""
        if step is not self._trail.steps[latest] and fault.where != "weight":
            about = f"epoch {step.epoch + 1}, step {step.batch + 1} broke a weight: "
        message(f"  {about}{_in_all_data(fault, step).text}")
        message(f"  try: {self.diagnosis.findings[0].advice}")

    def _again(self, index: int) -> tuple[Diagnosis, Step]:
        from brasa.diagnosis import diagnose

        assert self._trail is not None
        with self._trail.before(index) as step:
            return diagnose(self.model.engine, self.model.fitting.batch(step.rows)), step


def _in_all_data(fault: Fault, step: Step) -> Fault:
    """The sample by its number in the data given to fit."""
    if fault.where not in ("data", "forward"):
        return fault
    first, *rest = fault.index
    return replace(fault, index=(int(step.rows[first]), *rest))
