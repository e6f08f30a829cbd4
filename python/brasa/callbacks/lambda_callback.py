"""Hooks from functions."""

from collections.abc import Callable
from typing import Any

from .base import Callback

_HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class LambdaCallback(Callback):
    """A callback of functions, given by the names of the hooks.

    Args:
        **hooks: Such as ``on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"])``; the
            arguments are those of the hook in :class:`Callback`.

    Raises:
        TypeError: there is no such hook, or it is given no function.

    Source: https://keras.io/api/callbacks/lambda_callback

    Example:
        >>> announce = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> announce.on_epoch_end(0, {"loss": 0.5})
        0 0.5
    """

    def __init__(self, **hooks: Callable[..., Any] | None) -> None:
        super().__init__()
        self.wants_batches = False
        for name, function in hooks.items():
            if name not in _HOOKS:
                raise TypeError(
                    f"LambdaCallback: there is no hook {name!r}, there are {', '.join(_HOOKS)}"
                )
            if function is None:
                continue
            if not callable(function):
                raise TypeError(f"LambdaCallback: {name} must be a function, got {function!r}")
            setattr(self, name, function)
            self.wants_batches |= name.startswith(("on_train_batch", "on_batch"))
