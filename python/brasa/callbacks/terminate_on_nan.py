"""Stopping where the loss is no number any more, and saying why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from brasa.progress import message

from .base import Callback, Logs

if TYPE_CHECKING:
    from brasa.diagnosis import Diagnosis


class TerminateOnNaN(Callback):
    """Stop training after the step whose loss is NaN or infinite, and say where that came from.

    The step has spoilt the weights by then. So the weights are copied before every step, and the
    step is made once more, on copies, as ``model.diagnose`` makes it: from the weights before it,
    on its own batch, with its own dropout. The message names what comes first in that step: a value
    of the data, a weight that an earlier step has left behind, or the layer, and for sequences the
    time step, whose output is the first that is not finite. If a weight, it does not know what
    happened in that earlier step, but the advice is for it. Stateful layers begin from zeros in the
    second look, so it can miss what their states brought along; then the message says that it
    found nothing.

    A copy takes as many bytes as the weights, and less time than the optimizer does. The weights
    are left as the last step left them; the loss of validation data is not watched.

    Attributes:
        diagnosis: The :class:`~brasa.diagnosis.Diagnosis` of that step; None while all is finite.
        stopped: Epoch and step of the epoch, both counted from 0; None while all is finite.

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
          the data: x[..., 1] is nan; layer 'head' is the first to give it (sample 3 of the data ...)
          try: clean the data: fit refuses such values unless check_finite=False
    """

    def __init__(self) -> None:
        super().__init__()
        self._reset()

    def _reset(self) -> None:
        self.diagnosis: Diagnosis | None = None
        self.stopped: tuple[int, int] | None = None
        self._epoch = 0
        self._weights: Any = None
        self._iterations = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        store = self.model.store
        store.claim()
        if self._weights is None or self._weights.shape != store.values.shape:
            self._weights = store.values.copy()
        else:
            self._weights[:] = store.values
        self._iterations = self.model.optimizer.iterations

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        self.model.stop_training = True
        self.stopped = (self._epoch, batch)
        message(f"Epoch {self._epoch + 1}, step {batch + 1}: the loss is {loss}, training stops.")
        message(self._reason())

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._weights = None

    def _reason(self) -> str:
        from brasa.diagnosis import diagnose

        fitting = self.model.fitting
        found = diagnose(self.model.engine, fitting.batch(), self._weights, self._iterations)
        self.diagnosis = found
        if found.fault is None:
            return "  made once more, the step is finite: it was at the edge of what float32 holds"
        sample = ""
        if found.fault.where in ("data", "forward"):
            sample = f" (sample {fitting.picked[found.fault.index[0]]} of the data given to fit)"
        return f"  {found.findings[0].text}{sample}\n  try: {found.findings[0].advice}"
