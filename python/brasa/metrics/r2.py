"""How much of the targets' variance predictions explain."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from brasa.metrics.base import Metric
from brasa.metrics.checks import pair_of, weights_like
from brasa.ops.arguments import at_least

_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """``1 - sum(w (t - z)^2) / sum(w (t - mean t)^2)`` of each column, and their mean.

    Shapes:
        predictions and y (N, C); (N,) is accepted for (N, 1)

    Args:
        class_aggregation: "uniform_average", "variance_weighted_average", or None for an array, one
            value for each column. Default "uniform_average".
        num_regressors: p of the adjusted score ``1 - (1 - R2)(n - 1) / (n - p - 1)``. Default 0.
        name: What logs call it. Default "r2_score".
        dtype: As Keras has it.

    Columns whose targets do not vary have the score 0.

    >>> from brasa.metrics import R2Score
    >>> round(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]), 4)
    0.5714
    """

    default_name = "r2_score"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if class_aggregation not in _AGGREGATIONS:
            raise ValueError(
                f"R2Score: class_aggregation must be one of {_AGGREGATIONS}, got "
                f"{class_aggregation!r}"
            )
        self.class_aggregation = class_aggregation
        self.num_regressors = at_least("R2Score", "num_regressors", num_regressors, 0)
        self.num_samples = self.add_weight(name="num_samples")
        self._sums: Any = None  # of w, w t, w t^2, w (t - z)^2 for each column

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """See one batch more."""
        pair = pair_of(self.name, y_true, y_pred)
        t, z = (each.astype(np.float64) for each in pair)
        if t.ndim != 2:
            raise ValueError(f"metric {self.name!r}: y_pred must be (N, C), got {t.shape}")
        weight = np.ones(t.shape)
        if sample_weight is not None:
            weight = weights_like(self.name, sample_weight, (len(t),))[:, None] * weight
        if self._sums is None:
            self._sums = self.add_weight((4, t.shape[1]), name="sums")
        each = (weight, weight * t, weight * t**2, weight * (t - z) ** 2)
        self._sums.assign_add([part.sum(axis=0) for part in each])
        self.num_samples.assign_add(t.size)

    def result(self) -> Any:
        if self._sums is None:
            return 0.0
        count, total, squares, errors = self._sums.value
        spread = squares - total**2 / np.where(count == 0, 1.0, count)
        flat = spread <= 1e-12 * squares  # what float64 leaves of a difference that is 0
        score = np.where(flat, 0.0, 1 - errors / np.where(flat, 1.0, spread))
        if self.class_aggregation == "uniform_average":
            score = score.mean()
        elif self.class_aggregation == "variance_weighted_average":
            spread = np.where(flat, 0.0, spread)
            score = (score * spread).sum() / (spread.sum() or 1.0)
        return self._adjusted(score)

    def _adjusted(self, score: Any) -> Any:
        p, n = self.num_regressors, float(self.num_samples)
        if not p or not n:
            return score
        if p >= n - 1:
            warnings.warn(
                f"metric {self.name!r}: num_regressors {p} are too many for {n:.0f} samples: the "
                "score is not adjusted",
                UserWarning,
                stacklevel=2,
            )
            return score
        return 1 - (1 - score) * (n - 1) / (n - p - 1)

    def get_config(self) -> dict[str, Any]:
        given = {"class_aggregation": self.class_aggregation}
        return {**super().get_config(), **given, "num_regressors": self.num_regressors}
