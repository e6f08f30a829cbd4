"""Saving while training."""

from pathlib import Path

from brasa.files import AnyPath, as_path
from brasa.progress import message

from .base import Logs
from .monitor import Monitor, is_number


class ModelCheckpoint(Monitor):
    """Save the model, or its weights, at the end of every epoch or of every better one.

    A file is replaced in one step, so a crash never leaves a half-written one. Folders are made.

    Args:
        filepath: Where to save; ``{epoch:02d}``, counted from 1, and the names of the values, such
            as ``{val_loss:.2f}``, are filled in.
        monitor: Value that tells the best epoch. Default "val_loss".
        verbose: 1 says what is saved. Default 0.
        save_best_only: Save only when the value is better than ever. Default False.
        save_weights_only: Call ``model.save_weights`` instead of ``model.save``. Default False.
        mode: "min", "max", or "auto": told by the name.
        save_freq: "epoch", the only frequency there is.
        initial_value_threshold: Value that the first save must beat. Default none.

    Raises:
        TypeError, ValueError: an argument is of the wrong type or out of range; at the end of an
            epoch, when ``filepath`` names a value that the epoch does not have.

    Source: https://keras.io/api/callbacks/model_checkpoint

    Example:
        >>> ModelCheckpoint("net-{epoch:02d}-{val_loss:.2f}.brasa").path(2, {"val_loss": 0.25})
        'net-03-0.25.brasa'
    """

    def __init__(
        self,
        filepath: AnyPath,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        # Without save_best_only nothing is compared, so the direction does not matter.
        super().__init__(monitor, mode if save_best_only or mode != "auto" else "min", 0, verbose)
        if save_freq != "epoch":
            raise ValueError(f"ModelCheckpoint: save_freq must be 'epoch', got {save_freq!r}")
        if initial_value_threshold is not None and not is_number(initial_value_threshold):
            raise ValueError(
                "ModelCheckpoint: initial_value_threshold must be a number or None, "
                f"got {initial_value_threshold!r}"
            )
        self.filepath = str(as_path(filepath, "ModelCheckpoint"))
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = self.worst if initial_value_threshold is None else initial_value_threshold

    def path(self, epoch: int, logs: Logs) -> str:
        """The path of the file for epoch ``epoch``, counted from 0."""
        try:
            return self.filepath.format(**{**logs, "epoch": epoch + 1})
        except (KeyError, IndexError, ValueError) as error:
            names = ", ".join(["epoch", *logs])
            raise ValueError(
                f"ModelCheckpoint: filepath {self.filepath!r} cannot be filled in "
                f"({type(error).__name__}: {error}); available: {names}"
            ) from None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        path = self.path(epoch, logs or {})
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
