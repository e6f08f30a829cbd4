"""What training makes small. Contract of the op: csrc/ops/loss.h.

Every loss is the mean over the samples of the batch, as in Keras: over all steps of all samples
where the predictions are sequences (N, T, C). Weights of the samples (N,) or of their steps (N, T)
multiply the losses before the mean. Where a mask says that steps are padding
(``Embedding(mask_zero=True)``, ``Masking``), these do not count: the sum is divided by the number
of steps that do.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from brasa import configurable, targets
from brasa.arrays import FloatArray
from brasa.configurable import Configurable
from brasa.graph.symbol import Symbol
from brasa.ops.arguments import number
from brasa.ops.dispatch import floats, run, where_it_lies
from brasa.ops.losses import huber_delta, sample_weights
from brasa.there import host_of


class Loss(Configurable):
    """Base class: names a kind of the op ``loss``, and checks the targets that it takes."""

    name: ClassVar[str] = "loss"

    @property
    def kind(self) -> str:
        """Which of the losses of csrc/ops/loss.h this is."""
        raise NotImplementedError(f"{type(self).__name__} does not define kind")

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the op."""
        return {"kind": self.kind}

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        """All targets as the op takes them, checked: int32 class numbers, or float32.

        Args:
            y: Targets, one row for each sample.
            shape: Shape of the predictions for all rows of ``y``.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define prepare()")

    def record(self, predictions: Symbol, target: Symbol, weight: Symbol | None = None) -> Symbol:
        """Add the loss to the predictions' graph; returns the scalar."""
        operands = [*targets.operands(predictions, target), weight]
        return predictions.graph.add("loss", operands, self.attributes)[0]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """The loss of arrays, now."""
        predictions = floats(self.name, "y_pred", y_pred)
        y_true = where_it_lies(self.name, "y_true", y_true)
        target = self.prepare(y_true, predictions.shape)
        rows = predictions.shape[:-1]
        weight = None if sample_weight is None else sample_weights(self.name, sample_weight, rows)
        operands = [*targets.operands(predictions, target), weight]
        return float(host_of(run("loss", operands, self.attributes)[0]).item())


class _FromLogits(Loss):
    """A loss of probabilities that can take what goes into the softmax or sigmoid instead."""

    _kinds: ClassVar[tuple[str, str]]  # of probabilities, of logits

    def __init__(self, from_logits: bool = False) -> None:
        if not isinstance(from_logits, bool):
            raise TypeError(f"{type(self).__name__}: from_logits must be a bool: {from_logits!r}")
        self.from_logits = from_logits

    @property
    def kind(self) -> str:
        return self._kinds[self.from_logits]

    def get_config(self) -> dict[str, Any]:
        return {"from_logits": self.from_logits}


class _Smoothed(_FromLogits):
    """A loss whose targets may be drawn towards "could be any"."""

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0) -> None:
        super().__init__(from_logits)
        owner = type(self).__name__
        self.label_smoothing = number(owner, "label_smoothing", label_smoothing)
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"{owner}: label_smoothing must be in [0, 1), got {label_smoothing}")

    def _smooth(self, target: FloatArray, share: float) -> FloatArray:
        """``(1 - s) t + s share``."""
        if not self.label_smoothing:
            return target
        keep, offset = 1 - self.label_smoothing, self.label_smoothing * share
        smoothed: FloatArray = target * np.float32(keep) + np.float32(offset)
        return smoothed

    def get_config(self) -> dict[str, Any]:
        smoothing = {"label_smoothing": self.label_smoothing} if self.label_smoothing else {}
        return {**super().get_config(), **smoothing}


class SparseCategoricalCrossentropy(_FromLogits):
    """Cross-entropy with class numbers: ``loss = -mean_i log p[i, y_i]``.

    Shapes:
        predictions (N, ..., C), y (N, ...) whole numbers in [0, C); a last axis of 1 is accepted

    Args:
        from_logits: The predictions are logits, not probabilities. Default False. Softmax and this
            loss are one op in training anyway.

    Raises:
        IndexError: a label is no class. TypeError: labels that are not whole numbers.

    >>> from brasa.losses import SparseCategoricalCrossentropy
    >>> round(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]), 4)
    0.6931
    """

    name = "sparse_categorical_crossentropy"
    _kinds = ("cross_entropy", "softmax_cross_entropy")

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.class_numbers(self.name, y, shape)


class CategoricalCrossentropy(_Smoothed):
    """Cross-entropy with one-hot rows: ``loss = -mean_i sum_j t[i, j] log p[i, j]``.

    Shapes:
        predictions and y (N, ..., C); the rows of y are distributions

    Args:
        from_logits: The predictions are logits, not probabilities. Default False.
        label_smoothing: s in [0, 1): the targets become ``(1 - s) t + s / C``. Default 0.

    Raises:
        ValueError: a row of y has negative entries or does not sum to 1.

    >>> from brasa.losses import CategoricalCrossentropy
    >>> round(CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]]), 4)
    0.6931
    """

    name = "categorical_crossentropy"
    _kinds = ("cross_entropy", "softmax_cross_entropy")

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return self._smooth(targets.one_hot(self.name, y, shape), 1 / shape[-1])


class BinaryCrossentropy(_Smoothed):
    """Cross-entropy of yes-or-no answers: ``loss = -mean(t log p + (1 - t) log(1 - p))``.

    Shapes:
        predictions (N, ...), y likewise with values in [0, 1]; (N,) is accepted for (N, 1)

    Args:
        from_logits: The predictions are logits, not probabilities. Default False.
        label_smoothing: s in [0, 1): the targets become ``(1 - s) t + s / 2``. Default 0.

    >>> from brasa.losses import BinaryCrossentropy
    >>> round(BinaryCrossentropy()([1.0], [[0.92]]), 4)
    0.0834
    """

    name = "binary_crossentropy"
    _kinds = ("binary_cross_entropy", "binary_cross_entropy_logits")

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return self._smooth(targets.probabilities(self.name, y, shape), 0.5)


class _OfErrors(Loss):
    """A loss of the differences between predictions and targets, of the op's own name."""

    @property
    def kind(self) -> str:
        return self.name

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

    Raises:
        ValueError: ``delta`` is not positive or not finite. TypeError: it is no number.

    Source: Huber, Annals of Mathematical Statistics 35 (1964).

    >>> from brasa.losses import Huber
    >>> Huber()([[1.0, 1.0]], [[1.5, 4.0]])
    1.3125
    """

    name = "huber"

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = huber_delta(type(self).__name__, delta)

    @property
    def attributes(self) -> dict[str, Any]:
        return {**super().attributes, "delta": self.delta}

    def get_config(self) -> dict[str, Any]:
        return {"delta": self.delta}


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


class MeanSquaredError(_OfErrors):
    """``loss = mean((t - z)^2)``.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    >>> from brasa.losses import MeanSquaredError
    >>> MeanSquaredError()([[1.0, 1.0]], [[1.0, 3.0]])
    2.0
    """

    name = "mean_squared_error"


LOSSES: dict[str, type[Loss]] = {
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "huber": Huber,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}


def get(identifier: Any) -> Loss:
    """The loss that a name, a config or an instance stands for.

    >>> from brasa import losses
    >>> losses.get("mse").name
    'mean_squared_error'
    """
    return configurable.resolve("loss", identifier, Loss, LOSSES)


serialize = configurable.serialize
