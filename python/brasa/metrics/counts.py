"""How many answers are right and wrong, of those that are yes and of those that are no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from brasa.metrics.base import Metric
from brasa.metrics.checks import pair_of, weights_like
from brasa.ops.arguments import finite


class _Count(Metric):
    """Sums the weights of the elements with one target and one answer, for each threshold."""

    one: ClassVar[bool]  # the target
    yes: ClassVar[bool]  # the answer

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        owner = type(self).__name__
        given = 0.5 if thresholds is None else thresholds
        self.thresholds: Any = (
            [finite(owner, "thresholds", one) for one in given]
            if isinstance(given, (list, tuple))
            else finite(owner, "thresholds", given)
        )
        self.counts = self.add_weight(np.shape(self.thresholds), name="counts")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """See one batch more."""
        target, predictions = pair_of(self.name, y_true, y_pred)
        weights = (target > 0.5) == self.one
        if sample_weight is not None:
            weights = weights * weights_like(self.name, sample_weight, target.shape)
        found = [
            weights[(predictions > threshold) == self.yes].sum()
            for threshold in np.atleast_1d(np.float32(self.thresholds))
        ]
        self.counts.assign_add(np.reshape(found, self.counts.shape))

    def result(self) -> Any:
        return self.counts.numpy()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.thresholds}


class TruePositives(_Count):
    """``sum(w (p > threshold) (t > 0.5))``: ones that are found.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    Args:
        thresholds: Where yes begins, one number or a list: an array of counts. Default 0.5.

    >>> from brasa.metrics import TruePositives
    >>> TruePositives()([0, 1, 1, 1], [1.0, 0.0, 1.0, 0.9])
    2.0
    """

    one, yes = True, True


class FalsePositives(_Count):
    """``sum(w (p > threshold) (t <= 0.5))``: zeros that are taken for ones.

    >>> from brasa.metrics import FalsePositives
    >>> FalsePositives(thresholds=[0.5, 0.95])([0, 1, 0, 0], [1.0, 0.0, 1.0, 0.9])
    array([3., 2.])
    """

    one, yes = False, True


class TrueNegatives(_Count):
    """``sum(w (p <= threshold) (t <= 0.5))``: zeros that are told.

    >>> from brasa import metrics
    >>> metrics.TrueNegatives()([1, 1, 0], [0.2, 0.9, 0.1])
    1.0
    """

    one, yes = False, False


class FalseNegatives(_Count):
    """``sum(w (p <= threshold) (t > 0.5))``: ones that are missed.

    >>> from brasa import metrics
    >>> metrics.FalseNegatives()([1, 1, 0], [0.2, 0.9, 0.1])
    1.0
    """

    one, yes = True, False
