"""Stopping in time."""

import math
from typing import Any

from brasa.progress import message

from .base import Logs
from .monitor import Monitor, is_number


class EarlyStopping(Monitor):
    """Stop when a value has not improved for a number of epochs.

    An epoch improves when its value beats the best one so far by more than ``min_delta``. Training
    stops at the end of an epoch, not the very first, when ``patience`` epochs have passed since the
    last improvement. With a ``baseline`` only an improvement that beats the baseline, too, restarts
    the waiting. All as in Keras 3, but a first value of NaN does not become the best one.

    Args:
        monitor: Name of the value. Default "val_loss".
        min_delta: Least change that counts. Default 0.
        patience: Epochs to wait. Default 0.
        verbose: 1 says when it stops and what it restores. Default 0.
        mode: "min", "max", or "auto": told by the name.
        baseline: Value to beat. Default none.
        restore_best_weights: At the end of training, stopped early or not, go back to the weights
            of the best epoch. Default False.
        start_from_epoch: Epochs to let pass before watching. Default 0.

    Raises:
        TypeError, ValueError: an argument is of the wrong type or out of range, or mode is "auto"
            and the name does not tell the direction.

    Source: https://keras.io/api/callbacks/early_stopping

    Example:
        >>> EarlyStopping("val_accuracy", patience=3).mode
        'max'
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta, verbose)
        self.patience = self.count("patience", patience)
        self.start_from_epoch = self.count("start_from_epoch", start_from_epoch)
        if baseline is not None and (not is_number(baseline) or math.isnan(baseline)):
            raise ValueError(f"EarlyStopping: baseline must be a number or None, got {baseline!r}")
        self.baseline = None if baseline is None else float(baseline)
        self.restore_best_weights = restore_best_weights
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = self.worst
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = self.value(logs, "watches")
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)  # so that there is something to restore if nothing ever improves
        self.wait += 1
        if self.is_better(current, self.best):
            self.best = current
            self._keep(epoch)
            if self.baseline is None or self.is_better(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose:
            message(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                message(f"Restoring the weights of the best epoch: {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()
