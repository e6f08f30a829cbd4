"""Saving while training."""

from pathlib import Path

from brasa.files import AnyPath, as_path
from brasa.progress import message

from .base import Logs
from .monitor import Monitor, is_number


class ModelCheckpoint(Monitor):
    """Save the model, or its weights, at the end of every epoch or of every better one.

    With a number for ``save_freq``: after so many batches each, counted on from epoch to epoch. The
    values are then those of the epoch so far, which has no ``val_`` ones yet.

    A file is replaced in one step, so a crash never leaves a half-written one. Folders are made.

    Args:
        filepath: Where to save; ``{epoch:02d}``, counted from 1, and the names of the values, such
            as ``{val_loss:.2f}``, are filled in; where batches count, ``{batch}`` from 1, too.
        monitor: Value that tells the best epoch. Default "val_loss".
        verbose: 1 says what is saved. Default 0.
        save_best_only: Save only when the value is better than ever. Default False.
        save_weights_only: Call ``model.save_weights`` instead of ``model.save``. Default False.
        mode: "min", "max", or "auto": told by the name.
        save_freq: "epoch", or a number of batches, at least 1. Default "epoch".
        initial_value_threshold: Value that the first save must beat. Default none.

    Raises:
        TypeError, ValueError: an argument is of the wrong type or out of range; at the end of an
            epoch, when ``filepath`` names a value that the epoch does not have.

    Source: https://keras.io/api/callbacks/model_checkpoint

    Example:
        >>> ModelCheckpoint("net-{epoch:02d}-{val_loss:.2f}.brasa").path(2, {"val_loss": 0.25})
        'net-03-0.25.brasa'
        >>> ModelCheckpoint("net-{epoch}-{batch}.brasa", save_freq=100).path(2, {}, batch=99)
        'net-3-100.brasa'
    """

    def __init__(
        self,
        filepath: AnyPath,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        # Without save_best_only nothing is compared, so the direction does not matter.
        super().__init__(monitor, mode if save_best_only or mode != "auto" else "min", 0, verbose)
        if save_freq != "epoch" and (type(save_freq) is not int or save_freq < 1):
            raise ValueError(
                "ModelCheckpoint: save_freq must be 'epoch' or a number of batches >= 1, got "
                f"{save_freq!r}"
            )
        if initial_value_threshold is not None and not is_number(initial_value_threshold):
            raise ValueError(
                "ModelCheckpoint: initial_value_threshold must be a number or None, "
                f"got {initial_value_threshold!r}"
            )
        self.filepath = str(as_path(filepath, "ModelCheckpoint"))
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self._epoch = 0
        self._batches = 0  # since the latest save
        threshold = initial_value_threshold
        self.best = self.worst if threshold is None else float(threshold)

    @property
    def wants_batches(self) -> bool:
        """Whether the hooks of batches matter: also where a subclass has its own."""
        own, base = type(self), ModelCheckpoint
        hooks = ("on_train_batch_begin", "on_train_batch_end")
        overridden = any(getattr(own, hook) is not getattr(base, hook) for hook in hooks)
        return overridden or self.save_freq != "epoch"

    def path(self, epoch: int, logs: Logs, batch: int | None = None) -> str:
        """The path of the file for epoch ``epoch`` and batch ``batch``, counted from 0."""
        place = {"epoch": epoch + 1} | ({} if batch is None else {"batch": batch + 1})
        try:
            return self.filepath.format(**{**logs, **place})
        except (KeyError, IndexError, ValueError) as error:
            names = ", ".join([*place, *logs])
            raise ValueError(
                f"ModelCheckpoint: filepath {self.filepath!r} cannot be filled in "
                f"({type(error).__name__}: {error}); available: {names}"
            ) from None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        if self._batches == self.save_freq:
            self._batches = 0
            self._save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        path = self.path(epoch, logs or {}, batch)
        if not self._is_due(epoch, logs):
            return
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if self.verbose:
            message(f"Epoch {epoch + 1}: saved {path}")

    def _is_due(self, epoch: int, logs: Logs | None) -> bool:
        if not self.save_best_only:
            return True
        current = self.value(logs, "saves the best")
        if current is None:
            return True  # as in Keras: rather save too much than nothing
        if not self.is_better(current, self.best):
            if self.verbose:
                message(f"Epoch {epoch + 1}: {self.monitor} did not improve from {self.best:.5f}")
            return False
        if self.verbose:
            text = f"{self.monitor} improved from {self.best:.5f} to {current:.5f}"
            message(f"Epoch {epoch + 1}: {text}")
        self.best = current
        return True
