"""Changing the learning rate in training."""

import inspect
import math
from collections.abc import Callable
from typing import Any

from brasa.progress import message

from .base import Callback, Logs
from .monitor import Monitor, is_number


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch; the logs get "learning_rate".

    Args:
        schedule: A function of the epoch, counted from 0, or of the epoch and the learning rate
            that is in force, which returns the new one.
        verbose: 1 says what it is set to. Default 0.

    Raises:
        TypeError: ``schedule`` is no function, or returns no number.

    Source: https://keras.io/api/callbacks/learning_rate_scheduler

    Example:
        >>> LearningRateScheduler(lambda epoch, rate: rate if epoch < 10 else rate * 0.9).verbose
        0
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: schedule must be a function, got {schedule!r}")
        if verbose not in (0, 1):
            raise ValueError(f"LearningRateScheduler: verbose must be 0 or 1, got {verbose!r}")
        self.schedule, self.verbose = schedule, verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        before = float(self.model.optimizer.learning_rate)
        rate: Any = self.schedule(epoch, before) if self._takes_rate else self.schedule(epoch)
        try:
            rate = float(rate)
        except (TypeError, ValueError):
            raise TypeError(
                f"LearningRateScheduler: schedule must return a number, got {rate!r}"
            ) from None
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            message(f"Epoch {epoch + 1}: the learning rate is {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        _note(self.model, logs)


class ReduceLROnPlateau(Monitor):
    """Lower the learning rate when a value has not improved for a number of epochs.

    The logs get "learning_rate": that of the epoch that ends.

    Args:
        monitor: Name of the value. Default "val_loss".
        factor: What the learning rate is multiplied by, in [0, 1). Default 0.1.
        patience: Epochs to wait. Default 10.
        verbose: 1 says when it is lowered. Default 0.
        mode: "min", "max", or "auto": told by the name.
        min_delta: Least change that counts. Default 1e-4.
        cooldown: Epochs to let pass after it was lowered, before watching again. Default 0.
        min_lr: The learning rate never gets below it. Default 0.

    Raises:
        TypeError, ValueError: an argument is of the wrong type or out of range, or mode is "auto"
            and the name does not tell the direction.

    Source: https://keras.io/api/callbacks/reduce_lr_on_plateau

    Example:
        >>> ReduceLROnPlateau(factor=0.5, patience=3).mode
        'min'
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta, verbose)
        if not is_number(factor) or not 0 <= factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be in [0, 1), got {factor!r}")
        self.patience = self.count("patience", patience)
        self.cooldown = self.count("cooldown", cooldown)
        if not is_number(min_lr) or not 0 <= min_lr < math.inf:
            raise ValueError(f"ReduceLROnPlateau: min_lr must be finite and >= 0, got {min_lr!r}")
        self.factor, self.min_lr = float(factor), float(min_lr)
        self._reset()

    def _reset(self) -> None:
        self.best = self.worst
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        _note(self.model, logs)
        current = self.value(logs, "watches")
        if current is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(current, self.best):
            self.best = current
            self.wait = 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._lower(epoch)

    def _lower(self, epoch: int) -> None:
        rate = float(self.model.optimizer.learning_rate)
        if rate <= self.min_lr:
            return
        lower = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = lower
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose:
            message(f"Epoch {epoch + 1}: the learning rate is lowered to {lower:g}")


def _note(model: Any, logs: Logs | None) -> None:
    if logs is not None:
        logs["learning_rate"] = float(model.optimizer.learning_rate)


def _takes_two(schedule: Callable[..., float]) -> bool:
    try:
        parameters = inspect.signature(schedule).parameters.values()
    except (TypeError, ValueError):  # some built-in functions do not tell
        return False
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    several = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    return several or sum(p.kind in places for p in parameters) >= 2
