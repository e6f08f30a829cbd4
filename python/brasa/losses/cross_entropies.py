"""Losses of classes and of yes-or-no answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from brasa import targets
from brasa.losses.functions import (
    binary_crossentropy,
    categorical_crossentropy,
)
from brasa.losses.kinds import LossOfKind
from brasa.losses.reductions import MEAN
from brasa.losses.smoothing import smoothed, smoothing


class FromLogits(LossOfKind):
    """A loss of probabilities that can take what goes into the softmax or sigmoid instead."""

    _kinds: ClassVar[tuple[str, str]]  # of probabilities, of logits

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str | None = MEAN,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        if not isinstance(from_logits, bool):
            raise TypeError(f"{type(self).__name__}: from_logits must be a bool: {from_logits!r}")
        self.from_logits = from_logits

    @property
    def kind(self) -> str:
        return self._kinds[self.from_logits]

    def get_config(self) -> dict[str, Any]:
        return {"from_logits": self.from_logits, **super().get_config()}


class _Smoothed(FromLogits):
    """A loss whose targets may be drawn towards "could be any".

    In the plan: metrics see the targets as they were given.
    """

    # What gives the losses of rows.
    function: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = MEAN,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, reduction, name, dtype)
        self.label_smoothing = smoothing(type(self).__name__, label_smoothing)

    def _share(self, classes: int) -> float:
        """The target that nothing is known of."""
        raise NotImplementedError(f"{type(self).__name__} does not define _share()")

    def operands(self, predictions: Any, target: Any) -> list[Any]:
        share = self._share(predictions.shape[-1])
        return super().operands(predictions, smoothed(target, self.label_smoothing, share))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return type(self).function(y_true, y_pred, self.from_logits, self.label_smoothing)

    def get_config(self) -> dict[str, Any]:
        share = {"label_smoothing": self.label_smoothing} if self.label_smoothing else {}
        return {**super().get_config(), **share}


class CategoricalCrossentropy(_Smoothed):
    """Cross-entropy with one-hot rows: ``loss = -mean_i sum_j t[i, j] log p[i, j]``.

    Shapes:
        predictions and y (N, ..., C); the rows of y are distributions

    Args:
        from_logits: The predictions are logits, not probabilities. Default False.
        label_smoothing: s in [0, 1): the targets become ``(1 - s) t + s / C``. Default 0.
        reduction, name, dtype: See :class:`Loss`.

    Raises:
        ValueError: a row of y has negative entries or does not sum to 1.

    >>> from brasa.losses import CategoricalCrossentropy
    >>> round(CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]]), 4)
    0.6931
    """

    name = "categorical_crossentropy"
    function = categorical_crossentropy
    _kinds = ("cross_entropy", "softmax_cross_entropy")

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.one_hot(self.name, y, shape)

    def _share(self, classes: int) -> float:
        return 1 / classes


class BinaryCrossentropy(_Smoothed):
    """Cross-entropy of yes-or-no answers: ``loss = -mean(t log p + (1 - t) log(1 - p))``.

    Shapes:
        predictions (N, ...), y likewise with values in [0, 1]; (N,) is accepted for (N, 1)

    Args:
        from_logits: The predictions are logits, not probabilities. Default False.
        label_smoothing: s in [0, 1): the targets become ``(1 - s) t + s / 2``. Default 0.
        reduction, name, dtype: See :class:`Loss`.

    >>> from brasa.losses import BinaryCrossentropy
    >>> round(BinaryCrossentropy()([1.0], [[0.92]]), 4)
    0.0834
    """

    name = "binary_crossentropy"
    function = binary_crossentropy
    _kinds = ("binary_cross_entropy", "binary_cross_entropy_logits")

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.probabilities(self.name, y, shape)

    def _share(self, classes: int) -> float:
        return 0.5
