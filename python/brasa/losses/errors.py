"""Losses of the differences between predictions and targets."""

from __future__ import annotations

from typing import Any

from brasa import targets
from brasa.losses.differences import huber
from brasa.losses.functions import mean_absolute_error, mean_squared_error
from brasa.losses.kinds import LossOfKind
from brasa.losses.reductions import MEAN
from brasa.ops.error_losses import huber_delta


class _OfErrors(LossOfKind):
    """A loss of the op's own name."""

    @property
    def kind(self) -> str:
        return type(self).name

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.dense(self.name, y, shape)


class Huber(_OfErrors):
    """Squares of small errors, absolute values of large ones: outliers pull with at most ``delta``.

    ``loss = mean(l)``, ``l = e^2 / 2`` where ``|e| <= delta``, else ``delta (|e| - delta / 2)``,
    with ``e = z - t``. The gradient is ``clip(e, -delta, delta)`` over the number of values.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    Args:
        delta: Where the square ends and the straight line begins, > 0 and finite. Default 1.
        reduction, name, dtype: See :class:`Loss`.

    Raises:
        ValueError: ``delta`` is not positive or not finite. TypeError: it is no number.

    Source: Huber, Annals of Mathematical Statistics 35 (1964).

    >>> from brasa.losses import Huber
    >>> Huber()([[1.0, 1.0]], [[1.5, 4.0]])
    1.3125
    """

    name = "huber"

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = MEAN,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.delta = huber_delta(type(self).__name__, delta)

    @property
    def attributes(self) -> dict[str, Any]:
        return {**super().attributes, "delta": self.delta}

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return huber(y_true, y_pred, self.delta)

    def get_config(self) -> dict[str, Any]:
        return {"delta": self.delta, **super().get_config()}


class MeanAbsoluteError(_OfErrors):
    """``loss = mean(|t - z|)``: outliers pull less than on :class:`MeanSquaredError`.

    The gradient is ``sign(z - t)`` over the number of values, 0 where a target is met.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    >>> from brasa.losses import MeanAbsoluteError
    >>> MeanAbsoluteError()([[1.0, 1.0]], [[1.0, 4.0]])
    1.5
    """

    name = "mean_absolute_error"

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return mean_absolute_error(y_true, y_pred)


class MeanSquaredError(_OfErrors):
    """``loss = mean((t - z)^2)``.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    >>> from brasa.losses import MeanSquaredError
    >>> MeanSquaredError()([[1.0, 1.0]], [[1.0, 3.0]])
    2.0
    """

    name = "mean_squared_error"

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return mean_squared_error(y_true, y_pred)
