"""Training that goes on where it was interrupted."""

from brasa.files import AnyPath, as_path
from brasa.progress import message

from .base import Callback, Logs


class BackupAndRestore(Callback):
    """Keep a backup while ``fit`` runs; the same ``fit`` in a new process goes on from it.

    The backup holds the weights, what the optimizer remembers, and the number of the epoch: with
    arrays as data, training ends with the same bits as without the interruption, which costs the
    epoch that it fell into. What other callbacks remember begins anew. The file is replaced in one
    step, so a crash leaves the one before.

    Args:
        backup_dir: Folder of the backup, which is made; one for each training.
        save_freq: "epoch" only: after each.
        delete_checkpoint: Remove the backup when ``fit`` has come to its end. Default True.

    Raises:
        TypeError, ValueError: an argument is of the wrong type or out of range. When ``fit``
            begins, ``FormatError``: the backup is that of another model or optimizer.

    Source: https://keras.io/api/callbacks/backup_and_restore

    Example:
        >>> BackupAndRestore("backups").path.name
        'training.brasa'
    """

    def __init__(
        self, backup_dir: AnyPath, save_freq: str = "epoch", delete_checkpoint: bool = True
    ) -> None:
        super().__init__()
        self.path = as_path(backup_dir, "BackupAndRestore") / "training.brasa"
        if save_freq != "epoch":
            raise ValueError(f"BackupAndRestore: save_freq must be 'epoch', got {save_freq!r}")
        self.delete_checkpoint = bool(delete_checkpoint)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)  # fails now, not after an epoch
        if self.path.exists():
            from brasa import backups  # not before a fit: NumPy takes its time

            done = backups.restore(self.model, self.path)
            how = self.model.fitting.how
            how.initial_epoch = max(how.initial_epoch, done)
            if how.verbose:
                message(f"goes on after epoch {done}, from {self.path}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        from brasa import backups

        backups.write(self.model, self.path, epoch + 1)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint:
            self.path.unlink(missing_ok=True)
