"""Several callbacks that act as one."""

from collections.abc import Iterable
from typing import Any

from .base import Callback, Logs
from .checkpoint import ModelCheckpoint
from .history import History
from .lambda_callback import LambdaCallback


class BatchHooks:
    """What callbacks want to hear of the batches of ``evaluate`` or ``predict``."""

    def __init__(self, callbacks: "CallbackList", mode: str) -> None:
        self._callbacks, self._mode = callbacks, mode

    def begin(self, batch: int) -> None:
        """Before a batch, counted from 0."""
        getattr(self._callbacks, f"on_{self._mode}_batch_begin")(batch)

    def end(self, batch: int, logs: Logs) -> None:
        """After a batch."""
        getattr(self._callbacks, f"on_{self._mode}_batch_end")(batch, logs)


class CallbackList(Callback):
    """Several callbacks as one, called in order.

    Args:
        callbacks: A callback, or an iterable of them. Default none.
        add_history: Add a :class:`History` at the end when there is none.
        model: Passed on to :meth:`set_model` when given.
        **params: Passed on to :meth:`set_params` when given.

    Raises:
        TypeError: an item is not a :class:`Callback`.

    >>> from brasa import callbacks
    >>> told = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))
    >>> hooks = callbacks.CallbackList(told, add_history=True)
    >>> hooks.on_epoch_end(0, {"loss": 0.5})
    0 {'loss': 0.5}
    >>> hooks.history.history
    {'loss': [0.5]}
    """

    def __init__(
        self,
        callbacks: "Callback | Iterable[Callback] | None" = None,
        add_history: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Callback] = []
        if isinstance(callbacks, Callback):
            callbacks = [callbacks]
        for callback in callbacks or ():
            self.append(callback)
        if add_history and self.history is None:
            self.append(History())
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def append(self, callback: Callback) -> None:
        """Add a callback at the end."""
        if not isinstance(callback, Callback):
            raise TypeError(
                f"callbacks: expected an instance of brasa.callbacks.Callback, got {callback!r}"
                f"{': make one, by its name and (...)' if isinstance(callback, type) else ''}"
            )
        self.callbacks.append(callback)

    @property
    def history(self) -> History | None:
        """The first :class:`History` of the list."""
        return next((item for item in self.callbacks if isinstance(item, History)), None)

    @property
    def wants_batches(self) -> bool:
        """Whether any callback overrides a batch hook; when not, training need not call them."""
        return self._wants("train")

    def batch_hooks(self, mode: str) -> BatchHooks | None:
        """The hooks of the batches of "test" or "predict"; None where no callback has one."""
        return BatchHooks(self, mode) if self._wants(mode) else None

    def _wants(self, mode: str) -> bool:
        return any(_wants(item, mode) for item in self.callbacks)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._call("on_train_begin", logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._call("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._call("on_epoch_begin", logs, epoch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._call("on_epoch_end", logs, epoch)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_train_batch_begin", logs, batch)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_train_batch_end", logs, batch)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._call("on_test_begin", logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._call("on_test_end", logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_test_batch_begin", logs, batch)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_test_batch_end", logs, batch)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._call("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._call("on_predict_end", logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_predict_batch_begin", logs, batch)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_predict_batch_end", logs, batch)

    def _call(self, hook: str, logs: Logs | None, *position: int) -> None:
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            getattr(callback, hook)(*position, logs)


def _wants(item: Callback, mode: str) -> bool:
    if isinstance(item, CallbackList):
        return item._wants(mode)
    if mode == "train" and isinstance(item, (LambdaCallback, ModelCheckpoint)):
        return item.wants_batches
    older = ("on_batch_begin", "on_batch_end") if mode == "train" else ()
    hooks = (f"on_{mode}_batch_begin", f"on_{mode}_batch_end", *older)
    return any(
        hook in vars(item) or getattr(type(item), hook) is not getattr(Callback, hook)
        for hook in hooks
    )
