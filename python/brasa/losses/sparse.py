"""Cross-entropy with class numbers, of which one may count nowhere."""

from __future__ import annotations

from typing import Any

from brasa import ops, targets
from brasa.graph.symbol import Symbol
from brasa.losses.cross_entropies import FromLogits
from brasa.losses.functions import sparse_categorical_crossentropy, without
from brasa.losses.reductions import MEAN, from_mean, keeps_rows, weights_within
from brasa.ops.arguments import whole
from brasa.ops.dispatch import run
from brasa.there import host_of

_LARGEST = 2**31 - 1


class SparseCategoricalCrossentropy(FromLogits):
    """Cross-entropy with class numbers: ``loss = -mean_i log p[i, y_i]``.

    Shapes:
        predictions (N, ..., C), y (N, ...) whole numbers in [0, C); a last axis of 1 is accepted

    Args:
        from_logits: The predictions are logits, not probabilities. Default False. Softmax and this
            loss are one op in training anyway.
        ignore_class: A whole number: rows of this class count nowhere, the mean is that of the
            others; 0 without any. It may be no class of the predictions, as 255 is or -1. Default
            None: all rows count.
        reduction, name, dtype: See :class:`Loss`.

    Raises:
        IndexError: a label is no class. TypeError: labels that are not whole numbers.

    >>> from brasa.losses import SparseCategoricalCrossentropy
    >>> round(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]), 4)
    0.6931
    >>> round(SparseCategoricalCrossentropy(ignore_class=-1)([1, -1], [[0.5, 0.5], [0, 1]]), 4)
    0.6931
    """

    name = "sparse_categorical_crossentropy"
    _kinds = ("cross_entropy", "softmax_cross_entropy")
    takes_labels = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = MEAN,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, reduction, name, dtype)
        owner = type(self).__name__
        self.ignore_class = None
        if ignore_class is not None:
            self.ignore_class = whole(owner, "ignore_class", ignore_class)
            if not -_LARGEST - 1 <= self.ignore_class <= _LARGEST:
                raise ValueError(f"{owner}: ignore_class must fit int32, got {ignore_class}")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.ignore_class)

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        if self.ignore_class is None:
            return targets.class_numbers(self.name, y, shape)
        return targets.class_numbers_but(self.name, y, shape, self.ignore_class)

    def record(
        self,
        predictions: Symbol,
        target: Symbol,
        weight: Symbol | None = None,
        masked: bool = False,
    ) -> Symbol:
        if self.ignore_class is None or keeps_rows(self.reduction):
            return super().record(predictions, target, weight, masked)
        counted = ops.mask_of_ids(target, self.ignore_class)
        here = predictions.mask if masked else None
        weight, counted = weights_within(counted, weight, here)
        # Rows of zeros for numbers that are no class.
        dense = ops.one_hot(target, predictions.shape[-1])
        operands = [predictions, None, dense, weight]
        mean = predictions.graph.add("loss", operands, self.attributes)[0]
        shape = predictions.shape[:-1]
        result: Symbol = from_mean(self.reduction, mean, shape, weight, counted)
        return result

    def mean(self, predictions: Any, target: Any, weight: Any) -> Any:
        if self.ignore_class is None or keeps_rows(self.reduction):
            return super().mean(predictions, target, weight)
        labels, counted = without(host_of(target), self.ignore_class)
        weight = ops.mask_weights(counted, weight)[0]
        operands = [host_of(predictions), labels, None, weight]
        mean = host_of(run("loss", operands, self.attributes)[0])
        return from_mean(self.reduction, mean, predictions.shape[:-1], weight, counted)

    def typical(self, row: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        return "int32", row[:-1]

    def get_config(self) -> dict[str, Any]:
        ignored = {} if self.ignore_class is None else {"ignore_class": self.ignore_class}
        return {**super().get_config(), **ignored}
