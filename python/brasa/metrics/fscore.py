"""Precision and recall in one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa.metrics.base import Metric
from brasa.metrics.checks import pair_of, weights_like
from brasa.ops.arguments import number

_AVERAGES = (None, "micro", "macro", "weighted")
_EPSILON = 1e-7


class FBetaScore(Metric):
    """``(1 + b^2) P R / (b^2 P + R)`` of precision P and recall R, with 1e-7 in denominators.

    Shapes:
        predictions and y (N, C); (N,) is accepted for (N, 1)

    Args:
        average: None for an array, one value for each column; "micro" for that of all elements,
            "macro" for the mean of the columns, "weighted" for that by their ones. Default None.
        beta: How much recall matters beside precision, > 0. Default 1.
        threshold: Where yes begins, in (0, 1]. Default None: the largest of each row, but for 0.
        name: What logs call it.
        dtype: As Keras has it.

    >>> from brasa.metrics import FBetaScore
    >>> y, p = [[1, 1], [1, 0], [0, 0]], [[0.9, 0.6], [0.2, 0.6], [0.1, 0.4]]
    >>> FBetaScore(beta=2.0, threshold=0.5)(y, p).round(4)
    array([0.5556, 0.8333])
    """

    default_name = "fbeta_score"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        owner = type(self).__name__
        if average not in _AVERAGES:
            raise ValueError(f"{owner}: average must be one of {_AVERAGES}, got {average!r}")
        self.average, self.beta = average, number(owner, "beta", beta)
        if not self.beta > 0:
            raise ValueError(f"{owner}: beta must be > 0, got {beta}")
        self.threshold = None if threshold is None else number(owner, "threshold", threshold)
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise ValueError(f"{owner}: threshold must be in (0, 1], got {threshold}")
        self._sums: Any = None  # hits, yes, ones of each column

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """See one batch more."""
        target, p = pair_of(self.name, y_true, y_pred)
        if p.ndim != 2:
            raise ValueError(f"metric {self.name!r}: y_pred must be (N, C), got {p.shape}")
        if self.threshold is None:
            yes = (p >= p.max(axis=-1, keepdims=True)) & (np.abs(p) > 1e-9)
        else:
            yes = p > np.float32(self.threshold)
        weight = np.ones((len(p), 1))
        if sample_weight is not None:
            weight = weights_like(self.name, sample_weight, (len(p),))[:, None]
        if self._sums is None:
            self._sums = self.add_weight((3, p.shape[1]), name="sums")
        self._sums.assign_add([(weight * part).sum(axis=0) for part in (yes * target, yes, target)])

    def result(self) -> Any:
        if self._sums is None:
            return 0.0
        hits, yes, ones = self._sums.value
        if self.average == "micro":
            hits, yes, ones = hits.sum(), yes.sum(), ones.sum()
        precision, recall = hits / (yes + _EPSILON), hits / (ones + _EPSILON)
        square = self.beta**2
        score = (1 + square) * precision * recall / (square * precision + recall + _EPSILON)
        if self.average == "weighted":
            return (score * ones).sum() / (ones.sum() + _EPSILON)
        return score if self.average is None else score.mean()

    def get_config(self) -> dict[str, Any]:
        given = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **given}


class F1Score(FBetaScore):
    """``2 P R / (P + R)`` of precision P and recall R; see :class:`FBetaScore`.

    >>> from brasa.metrics import F1Score
    >>> round(F1Score("macro")([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]), 4)
    0.6667
    """

    default_name = "f1_score"

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config
