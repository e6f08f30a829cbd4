"""The area under a curve of what is found over what is falsely taken, or of how much is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.metrics.base import Metric
from brasa.metrics.checks import pair_of, require_probabilities, share, weights_like
from brasa.ops.arguments import number, truth, whole

Array = NDArray[np.float64]

_CURVES = ("ROC", "PR")
_SUMMATIONS = ("interpolation", "minoring", "majoring")
_BEYOND = 1e-7  # how far the first and the last threshold lie outside of [0, 1]


class AUC(Metric):
    """The area under a curve over thresholds: of 1, every one lies above every zero.

    With hits ``tp``, false ``fp``, missed ``fn`` and spared ``tn`` at each threshold, "ROC" draws
    ``tp / (tp + fn)`` over ``fp / (fp + tn)``, "PR" ``tp / (tp + fp)`` over ``tp / (tp + fn)``.
    The thresholds lie evenly in [0, 1]: predictions between two of them are taken as equal. What
    lies above each is found from a histogram, so that a batch costs one pass over it.

    Shapes:
        predictions (N, ...) in [0, 1], y likewise; (N,) is accepted for (N, 1)

    Args:
        num_thresholds: How many there are, > 1. Default 200.
        curve: "ROC" or "PR". Default "ROC".
        summation_method: "interpolation" (trapezoids; of "PR" as Davis and Goadrich have it, by
            straight lines of hits), "minoring" or "majoring". Default "interpolation".
        name: What logs call it. Default "auc".
        dtype: As Keras has it.
        thresholds: Those to use instead, in [0, 1]; 0 and 1 are added.
        multi_label: The mean of the areas of the columns of (N, L). Default False: all are one.
        num_labels: L, checked where it is given.
        label_weights: How much each of the columns weighs.
        from_logits: Predictions are logits: their sigmoid is taken. Default False.

    Without ones the area is 0, and so is that of "ROC" without zeros. A NaN among the predictions
    makes it NaN.

    >>> from brasa.metrics import AUC
    >>> round(AUC()([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]), 4)
    0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        self.curve = _one_of("curve", curve, _CURVES)
        self.summation_method = _one_of("summation_method", summation_method, _SUMMATIONS)
        self.num_thresholds = whole("AUC", "num_thresholds", num_thresholds)
        if self.num_thresholds < 2:
            raise ValueError(f"AUC: num_thresholds must be > 1, got {num_thresholds}")
        self.given = None if thresholds is None else _inner(thresholds)
        if self.given is not None:
            self.num_thresholds = len(self.given) + 2
        self.multi_label = truth("AUC", "multi_label", multi_label)
        self.from_logits = truth("AUC", "from_logits", from_logits)
        self.num_labels = None if num_labels is None else whole("AUC", "num_labels", num_labels)
        self.label_weights = (
            None
            if label_weights is None
            else [number("AUC", "label_weights", one) for one in label_weights]
        )
        self._ones: Any = None  # weights by bin and column, from the first batch on
        self._zeros: Any = None

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, those beyond 0 and 1 included."""
        last = self.num_thresholds - 1
        inner = [i / last for i in range(1, last)] if self.given is None else self.given
        return [-_BEYOND, *inner, 1 + _BEYOND]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """See one batch more."""
        target, p = pair_of(self.name, y_true, y_pred)
        if self.from_logits:
            p = 0.5 + 0.5 * np.tanh(0.5 * p)
        self._check_shape(p)
        ones, zeros = self._shares(target, sample_weight)
        if not (p.min(initial=0) >= 0 and p.max(initial=0) <= 1):
            require_probabilities(self.name, p, "from_logits=True takes logits")
            lost = np.isnan(p)  # it lies in no bin: from now on all sums are NaN
            ones, zeros = np.where(lost, np.nan, ones), np.where(lost, np.nan, zeros)
            p = np.where(lost, np.float32(0), p)
        columns = p.shape[-1] if self.multi_label else 1
        if self._ones is None:
            shape = (self.num_thresholds, columns)
            self._ones, self._zeros = self.add_weight(shape), self.add_weight(shape)
        place = self._bins(p)
        if columns > 1:
            place = place * columns + np.arange(columns)
        for kept, added in ((self._ones, ones), (self._zeros, zeros)):
            found = np.bincount(place.ravel(), added.ravel(), kept.value.size)
            kept.assign_add(found.reshape(kept.shape))

    def _shares(self, target: Any, sample_weight: Any) -> tuple[Array, Array]:
        """How much each element is a one, and a zero."""
        weight: Any = 1.0
        if sample_weight is not None:
            weight = weights_like(self.name, sample_weight, target.shape)
        if self.label_weights is not None and not self.multi_label:
            weight = weight * np.array(self.label_weights)
        return weight * target, weight * (1.0 - target)

    def _check_shape(self, p: NDArray[np.float32]) -> None:
        if self.multi_label and p.ndim != 2:
            raise ValueError(
                f"metric {self.name!r}: multi_label wants y_pred (N, L), got {p.shape}"
            )
        for key in ("num_labels", "label_weights"):
            given = getattr(self, key)
            labels = len(given) if isinstance(given, list) else given
            if labels is not None and labels != p.shape[-1]:
                raise ValueError(
                    f"metric {self.name!r}: {key} is for {labels} labels, y_pred has {p.shape}"
                )

    def _bins(self, p: NDArray[np.float32]) -> NDArray[np.int64]:
        """For each prediction the last threshold that it lies above."""
        above: NDArray[Any]
        if self.given is None:  # in float32, as where the thresholds are compared in it
            above = np.ceil(p * np.float32(self.num_thresholds - 1))
        else:
            above = np.searchsorted(np.array(self.thresholds, np.float32), p, side="left")
        bins: NDArray[np.int64] = np.maximum(above.astype(np.int64) - 1, 0)
        return bins

    def result(self) -> float:
        if self._ones is None:
            return 0.0
        # What lies above each threshold: the sums of the bins from there on.
        tp, fp = (np.cumsum(kept[::-1], axis=0)[::-1] for kept in (self._ones, self._zeros))
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = _interpolated(tp, fp)
        else:
            found, false = share(tp, tp[:1]), share(fp, fp[:1])
            x, y = (false, found) if self.curve == "ROC" else (found, share(tp, tp + fp))
            areas = ((x[:-1] - x[1:]) * self._heights(y)).sum(axis=0)
        weights = self.label_weights if self.multi_label else None
        return float(np.average(areas, weights=weights))

    def _heights(self, y: Array) -> Array:
        if self.summation_method == "interpolation":
            return (y[:-1] + y[1:]) / 2
        pick = np.minimum if self.summation_method == "minoring" else np.maximum
        heights: Array = pick(y[:-1], y[1:])
        return heights

    def get_config(self) -> dict[str, Any]:
        names = ("curve", "summation_method", "multi_label", "from_logits")
        optional = {"num_labels": self.num_labels, "label_weights": self.label_weights}
        optional["thresholds"] = self.given
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            **{name: getattr(self, name) for name in names},
            **{name: value for name, value in optional.items() if value is not None},
        }


def _interpolated(tp: Array, fp: Array) -> Array:
    """The area under precision over recall, false ones growing in a line with hits between points.

    With ``p = tp + fp`` and ``s = dtp / dp`` an interval adds ``s (dtp + c log(p1 / p2)) / ones``,
    ``c = tp2 - s p2``: the integral of ``tp / p`` over ``tp``.
    Source: Davis and Goadrich, The relationship between precision-recall and ROC curves (2006).
    """
    p = tp + fp
    gained, chosen = tp[:-1] - tp[1:], p[:-1] - p[1:]
    slope = share(gained, np.maximum(chosen, 0))
    start = tp[1:] - slope * p[1:]
    both = (p[:-1] > 0) & (p[1:] > 0)
    ratio = np.where(both, share(p[:-1], p[1:]), 1.0)
    total = np.broadcast_to(tp[:1], gained.shape)
    areas: Array = share(slope * (gained + start * np.log(np.where(both, ratio, 1.0))), total).sum(
        axis=0
    )
    return areas


def _one_of(argument: str, value: Any, known: tuple[str, ...]) -> str:
    for name in known:
        if isinstance(value, str) and value.lower() == name.lower():
            return name
    raise ValueError(f"AUC: {argument} must be one of {', '.join(known)}, got {value!r}")


def _inner(thresholds: Sequence[float]) -> list[float]:
    values = sorted(number("AUC", "thresholds", one) for one in thresholds)
    if not all(0 <= value <= 1 for value in values):
        raise ValueError(f"AUC: thresholds must lie in [0, 1], got {list(thresholds)}")
    return values
