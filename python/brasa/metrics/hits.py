"""What yes is worth, and how much of it is found. Contract of the op: csrc/ops/metric.h."""

from __future__ import annotations

from typing import Any, ClassVar

from brasa.graph.symbol import Symbol
from brasa.metrics.in_plan import DenseMetric
from brasa.ops.arguments import finite


class _Hits(DenseMetric):
    """Hits, yes to what is one, as a share of some elements; over an epoch that of all of these."""

    op = "accuracy"
    judged: ClassVar[str]

    def __init__(
        self, thresholds: float | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)
        given = 0.5 if thresholds is None else thresholds
        self.thresholds = finite(type(self).__name__, "thresholds", given)

    @property
    def attributes(self) -> dict[str, Any]:
        return {"threshold": self.thresholds, "binary": True, "judged": self.judged}

    def counted(self, value: Symbol, steps: Symbol | None) -> Symbol | None:
        assert value.node is not None
        return value.node.outputs[1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.thresholds}


class Precision(_Hits):
    """Share of yes that is right: ``hits / sum(p > threshold)``, hits where also ``t > 0.5``.

    Of an epoch: all hits among all yes, not the mean over batches. Without any yes: 0.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    Args:
        thresholds: Where yes begins, one number. Default 0.5; 0 for logits.

    >>> from brasa.metrics import Precision
    >>> Precision()([1, 0, 1], [[0.9], [0.8], [0.1]])
    0.5
    """

    default_name = "precision"
    judged = "predicted"


class Recall(_Hits):
    """Share of ones that are found: ``hits / sum(t > 0.5)``, hits where also ``p > threshold``.

    Of an epoch: all hits among all ones, not the mean over batches. Without any: 0.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    Args:
        thresholds: Where yes begins, one number. Default 0.5; 0 for logits.

    >>> from brasa.metrics import Recall
    >>> Recall()([1, 0, 1, 1], [[0.9], [0.8], [0.7], [0.6]])
    1.0
    """

    default_name = "recall"
    judged = "wanted"
