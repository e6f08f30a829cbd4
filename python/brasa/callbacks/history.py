"""The record of a training run."""

from typing import TYPE_CHECKING, Any

from brasa.files import AnyPath

from .base import Callback, Logs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class History(Callback):
    """The values of every epoch; ``fit`` returns one.

    Attributes:
        history: Lists of values by name, one value per epoch.
        epoch: The epochs that were run, from 0.

    Example:
        >>> record = History()
        >>> record.on_train_begin()
        >>> record.on_epoch_end(0, {"loss": 0.5})
        >>> record.history
        {'loss': [0.5]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.history = {}
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def plot(self, path: AnyPath | None = None) -> "Figure":
        """Draw loss and metrics over the epochs, save the picture when ``path`` is given.

        Returns:
            The matplotlib figure.

        Raises:
            ImportError: matplotlib is not installed.
            ValueError: no epoch was run.
        """
        from brasa.plots import training_curves

        return training_curves(self.history, path, self.epoch)
