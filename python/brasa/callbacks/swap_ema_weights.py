"""Averages of the weights, where models are looked at."""

from __future__ import annotations

from typing import Any

from .base import Callback, Logs


class SwapEMAWeights(Callback):
    """Evaluate and predict with the averages of the weights, and train with the weights.

    For optimizers with ``use_ema=True``: before an evaluation, a validation or a prediction weights
    and averages change places, and after it once more. Before the first step there are no averages,
    and nothing is changed.

    Args:
        swap_on_epoch: Have them in place from the end of an epoch to the beginning of the next,
            too: for callbacks behind this one in the list, such as ``ModelCheckpoint``.

    Raises:
        ValueError: when it is told of a model whose optimizer has no averages.

    Source: https://keras.io/api/callbacks/swap_ema_weights

    Example:
        >>> import numpy as np
        >>> from brasa import Sequential, layers, optimizers
        >>> model = Sequential([layers.Dense(1, input_shape=(1,))])
        >>> model.compile(optimizers.SGD(0.1, use_ema=True), "mse")
        >>> x = np.ones((4, 1), np.float32)
        >>> watch = [SwapEMAWeights()]
        >>> history = model.fit(x, x, validation_data=(x, x), callbacks=watch, verbose=0)
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = bool(swap_on_epoch)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._optimizer()  # says now, not after an epoch, where there are no averages

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._swap(True)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._swap(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._swap(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._swap(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._swap(False)

    def _swap(self, averages: bool) -> None:
        """Have the model compute with its averages, or with its weights."""
        optimizer = self._optimizer()
        if averages != optimizer.is_swapped and optimizer.steps:
            optimizer.swap_averages()

    def _optimizer(self) -> Any:
        optimizer = self.model.optimizer
        if not optimizer.use_ema:
            own = type(optimizer).__name__
            raise ValueError(
                f"SwapEMAWeights: model {self.model.name!r} was compiled with {own} without "
                f"averages: compile with {own}(..., use_ema=True)"
            )
        return optimizer
