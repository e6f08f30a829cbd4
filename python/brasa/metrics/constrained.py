"""The best of one share where another is large enough, over thresholds."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from brasa.metrics.base import Metric
from brasa.metrics.checks import one_class, pair_of, require_probabilities, share, weights_like
from brasa.ops.arguments import at_least, number

Array = NDArray[np.float64]


class _Constrained(Metric):
    """Counts hits and false ones above each threshold, from a histogram of the predictions."""

    wanted: ClassVar[str]  # what must be large enough: the constructor's argument
    told: ClassVar[str]  # what is told of the thresholds where it is

    def __init__(
        self,
        value: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        owner = type(self).__name__
        self.value = number(owner, self.wanted, value)
        if not 0 <= self.value <= 1:
            raise ValueError(f"{owner}: {self.wanted} must be in [0, 1], got {self.value}")
        self.num_thresholds = at_least(owner, "num_thresholds", num_thresholds, 1)
        self.class_id = None if class_id is None else at_least(owner, "class_id", class_id, 0)
        # By how many thresholds a prediction lies above: of zeros, and of ones.
        self.counts = self.add_weight((2, len(self.thresholds) + 1), name="counts")

    @property
    def thresholds(self) -> list[float]:
        """Evenly from 0 to 1; 0.5 where there is one."""
        last = self.num_thresholds - 1
        return [i / last for i in range(last + 1)] if last else [0.5]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """See one batch more."""
        target, p = pair_of(self.name, y_true, y_pred)
        require_probabilities(self.name, p, "end the model with a sigmoid or softmax")
        target, p = one_class(self.name, self.class_id, target, p)
        weight = np.ones(p.shape)
        if sample_weight is not None:
            weight = weights_like(self.name, sample_weight, p.shape)
        lost = np.isnan(p)  # it lies nowhere: from now on the counts are NaN
        weight = np.where(lost, np.nan, weight)
        place = (target > 0.5) * self.counts.shape[1] + self._above(np.where(lost, 0.0, p))
        found = np.bincount(place.ravel(), weight.ravel(), self.counts.value.size)
        self.counts.assign_add(found.reshape(self.counts.shape))

    def _above(self, p: NDArray[np.float32]) -> NDArray[np.int64]:
        """How many thresholds each prediction lies above."""
        last = self.num_thresholds - 1
        above = np.ceil(p * np.float32(last)) if last else p > 0.5
        return above.astype(np.int64)

    def result(self) -> float:
        """The best at any threshold of all samples seen; 0 where none is good enough."""
        totals = self.counts.value.sum(axis=1, keepdims=True)
        if np.isnan(totals).any():
            return float("nan")
        # Above a threshold lies what lies above more of them than come before it.
        false, hits = np.cumsum(self.counts[:, ::-1], axis=1)[:, -2::-1]
        zeros, ones = totals
        shares = {
            "precision": share(hits, hits + false),
            "sensitivity": share(hits, np.broadcast_to(ones, hits.shape)),
            "specificity": share(zeros - false, np.broadcast_to(zeros, false.shape)),
        }
        shares["recall"] = shares["sensitivity"]
        enough = shares[self.wanted] >= self.value
        return float(shares[self.told][enough].max(initial=0.0))

    def get_config(self) -> dict[str, Any]:
        chosen = {} if self.class_id is None else {"class_id": self.class_id}
        given = {self.wanted: self.value, "num_thresholds": self.num_thresholds}
        return {**super().get_config(), **given, **chosen}


class SensitivityAtSpecificity(_Constrained):
    """The largest share of ones that are found where enough zeros are told.

    ``max tp / (tp + fn)`` over the thresholds with ``tn / (tn + fp) >= specificity``.

    Shapes:
        predictions (N, ...) in [0, 1], y likewise; (N,) is accepted for (N, 1)

    Args:
        specificity: In [0, 1].
        num_thresholds: Evenly from 0 to 1; 1 for 0.5 alone. Default 200.
        class_id: Only this class counts, along the last axis. Default None: all.
        name: What logs call it.
        dtype: As Keras has it.

    A NaN among the predictions makes it NaN.

    >>> from brasa.metrics import SensitivityAtSpecificity
    >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
    0.5
    """

    wanted, told = "specificity", "sensitivity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_Constrained):
    """The largest share of zeros that are told where enough ones are found.

    ``max tn / (tn + fp)`` over the thresholds with ``tp / (tp + fn) >= sensitivity``; else as
    :class:`SensitivityAtSpecificity`.

    >>> from brasa.metrics import SpecificityAtSensitivity
    >>> round(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]), 4)
    0.6667
    """

    wanted, told = "sensitivity", "specificity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_Constrained):
    """The largest share of yes that is right where enough ones are found.

    ``max tp / (tp + fp)`` over the thresholds with ``tp / (tp + fn) >= recall``; else as
    :class:`SensitivityAtSpecificity`.

    >>> from brasa.metrics import PrecisionAtRecall
    >>> PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
    0.5
    """

    wanted, told = "recall", "precision"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_Constrained):
    """The largest share of ones that are found where enough of yes is right.

    ``max tp / (tp + fn)`` over the thresholds with ``tp / (tp + fp) >= precision``; else as
    :class:`SensitivityAtSpecificity`.

    >>> from brasa.metrics import RecallAtPrecision
    >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
    0.5
    """

    wanted, told = "precision", "recall"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
