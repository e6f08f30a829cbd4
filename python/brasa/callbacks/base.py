"""The hooks of training."""

from typing import Any, TypeAlias

Logs: TypeAlias = dict[str, Any]


class Callback:
    """Base class: override the hooks that you need; each does nothing by default.

    Attributes:
        model: The model in training; ``model.stop_training = True`` ends it after the epoch.
        params: What ``fit`` was called with: "epochs", "steps", "verbose".

    Example:
        >>> class Announce(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(f"epoch {epoch}: loss {logs['loss']}")
        >>> Announce().on_epoch_end(0, {"loss": 0.5})
        epoch 0: loss 0.5
    """

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Receive the model, once per ``fit``."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive the parameters of ``fit``."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before epoch ``epoch``, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After epoch ``epoch`` and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before step ``batch`` of the epoch, counted from 0."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After step ``batch``; logs are the means over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """What older code calls ``on_train_batch_begin``."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """What older code calls ``on_train_batch_end``."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before ``evaluate`` or a validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After ``evaluate`` or a validation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before batch ``batch`` of ``evaluate`` or a validation, counted from 0."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After batch ``batch``; logs are the means over the batches so far."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before ``predict`` with callbacks."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After ``predict``."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before batch ``batch`` of ``predict``, counted from 0."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After batch ``batch``; ``logs["outputs"]`` are its outputs."""
