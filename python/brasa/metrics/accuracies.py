"""How often predictions are right. Contract of the op: csrc/ops/metric.h."""

from __future__ import annotations

from typing import Any

from brasa import ops, targets
from brasa.losses.of_functions import operands_of
from brasa.metrics.function import OfFunction
from brasa.metrics.in_plan import DenseMetric, PlanMetric
from brasa.ops.arguments import finite, whole

# Makes 1 or more of the least difference that float32 can tell from 0.
_ANY = 1e38


class SparseCategoricalAccuracy(PlanMetric):
    """Share of rows whose largest prediction is that of the class number. Ties: the first wins.

    Shapes:
        predictions (N, ..., C), y (N, ...) whole numbers in [0, C)

    >>> from brasa.metrics import SparseCategoricalAccuracy
    >>> SparseCategoricalAccuracy()([1, 1], [[0.1, 0.9], [0.8, 0.2]])
    0.5
    """

    op = "accuracy"
    default_name = "sparse_categorical_accuracy"

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.class_numbers(self.name, y, shape)


class CategoricalAccuracy(PlanMetric):
    """Share of rows whose largest prediction is at the largest target. Ties: the first wins.

    Shapes:
        predictions and y (N, ..., C)

    >>> from brasa.metrics import CategoricalAccuracy
    >>> CategoricalAccuracy()([[0, 1], [0, 1]], [[0.1, 0.9], [0.8, 0.2]])
    0.5
    """

    op = "accuracy"
    default_name = "categorical_accuracy"

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.dense(self.name, y, shape)


class _TopK(PlanMetric):
    """A row is right where fewer than k classes come before the wanted one."""

    op = "accuracy"

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.k = whole(type(self).__name__, "k", k)
        if self.k < 1:
            raise ValueError(f"{type(self).__name__}: k must be 1 or more, got {k}")

    @property
    def attributes(self) -> dict[str, Any]:
        return {"top": self.k}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k}


class SparseTopKCategoricalAccuracy(_TopK):
    """Share of rows where the class number is among the k largest predictions: 1 - the top-k error.

    Of equal predictions the first comes before.

    Shapes:
        predictions (N, ..., C), y (N, ...) whole numbers in [0, C)

    >>> from brasa.metrics import SparseTopKCategoricalAccuracy
    >>> SparseTopKCategoricalAccuracy(k=2)([2, 2], [[0.5, 0.2, 0.3], [0.5, 0.4, 0.1]])
    0.5
    """

    default_name = "sparse_top_k_categorical_accuracy"

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.class_numbers(self.name, y, shape)


class TopKCategoricalAccuracy(_TopK):
    """Share of rows where the largest target's class is among the k largest predictions.

    Of equal predictions the first comes before.

    Shapes:
        predictions and y (N, ..., C)

    >>> from brasa.metrics import TopKCategoricalAccuracy
    >>> TopKCategoricalAccuracy(k=2)([[0, 0, 1], [0, 0, 1]], [[0.5, 0.2, 0.3], [0.5, 0.4, 0.1]])
    0.5
    """

    default_name = "top_k_categorical_accuracy"

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.dense(self.name, y, shape)


class BinaryAccuracy(DenseMetric):
    """Share of predictions on the right side: ``mean((p > threshold) == (t > 0.5))``.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    Args:
        threshold: Where yes begins. Default 0.5; 0 for logits.

    >>> from brasa.metrics import BinaryAccuracy
    >>> BinaryAccuracy()([1, 0], [[0.9], [0.8]])
    0.5
    """

    op = "accuracy"
    default_name = "binary_accuracy"
    of_elements = True

    def __init__(self, name: str | None = None, threshold: float = 0.5, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.threshold = finite("BinaryAccuracy", "threshold", threshold)

    @property
    def attributes(self) -> dict[str, Any]:
        return {"threshold": self.threshold, "binary": True}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "threshold": self.threshold}


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 for each element that equals its target, else 0; of arrays and symbols alike."""
    t, z = operands_of("accuracy", y_true, y_pred)
    return 1.0 - ops.minimum(ops.abs(t - z) * _ANY, 1.0)


class Accuracy(OfFunction):
    """Share of elements that equal their targets: of class numbers, rather than of probabilities.

    Shapes:
        predictions (N, ...), finite, y likewise; (N,) is accepted for (N, 1)

    ``metrics=["accuracy"]`` is that of probabilities: binary, categorical or sparse.

    >>> from brasa.metrics import Accuracy
    >>> Accuracy()([1, 2, 3, 4], [[0], [2], [3], [4]])
    0.75
    """

    default_name = "accuracy"
    of_elements = True
    own = accuracy
