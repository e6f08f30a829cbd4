"""What yes is worth, and how much of it is found. Contract of the op: csrc/ops/metric.h."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from brasa.graph.symbol import Symbol
from brasa.metrics.checks import one_class, pair_of, predictions_of, share, weights_like
from brasa.metrics.in_plan import DenseMetric
from brasa.ops.arguments import at_least, finite
from brasa.there import host_of


class _Hits(DenseMetric):
    """Hits, yes to what is one, as a share of some elements; over an epoch that of all of these.

    Plans compute it for one threshold of all elements; else ``update_state`` does.
    """

    op = "accuracy"
    of_elements = True
    judged: ClassVar[str]

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        owner = type(self).__name__
        self.top_k = None if top_k is None else at_least(owner, "top_k", top_k, 1)
        self.class_id = None if class_id is None else at_least(owner, "class_id", class_id, 0)
        self.thresholds = _thresholds(owner, thresholds, self.top_k)
        self.hits = self.of = None
        if not self._is_plain:
            shape = np.shape(self._limits)
            self.hits = self.add_weight(shape, name="hits")
            self.of = self.add_weight(shape, name=self.judged)

    @property
    def _is_plain(self) -> bool:
        """Whether it is about one threshold of all elements."""
        given = (self.top_k, self.class_id)
        return given == (None, None) and not isinstance(self.thresholds, list)

    @property
    def _limits(self) -> Any:
        """Where yes begins: anywhere, among the largest, unless thresholds were given."""
        return -math.inf if self.thresholds is None else self.thresholds

    @property
    def in_plan(self) -> bool:
        own = type(self)
        as_here = (own.update_state, own.result) == (_Hits.update_state, _Hits.result)
        return self._is_plain and as_here

    @property
    def attributes(self) -> dict[str, Any]:
        return {"threshold": self.thresholds, "binary": True, "judged": self.judged}

    def counted(self, value: Symbol, steps: Symbol | None) -> Symbol | None:
        assert value.node is not None
        return value.node.outputs[1]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """See one batch more; weights are those of the samples, or of their steps."""
        if self.hits is None or self.of is None:
            super().update_state(y_true, y_pred, sample_weight)
            return
        if self.top_k is not None:
            y_pred = _largest(self.name, y_pred, self.top_k)
        target, p = pair_of(self.name, y_true, y_pred)
        target, p = one_class(self.name, self.class_id, target, p)
        weight = np.ones(p.shape)
        if sample_weight is not None:
            weight = weights_like(self.name, sample_weight, p.shape)
        one = target > 0.5
        yes = [p > limit for limit in np.atleast_1d(np.float32(self._limits))]
        hits = [weight[one & each].sum() for each in yes]
        of = [weight[each if self.judged == "predicted" else one].sum() for each in yes]
        self.hits.assign_add(np.reshape(hits, self.hits.shape))
        self.of.assign_add(np.reshape(of, self.of.shape))

    def result(self) -> Any:
        """The share of all samples seen since the last ``reset_state()``; 0 of nothing."""
        if self.hits is None or self.of is None:
            return super().result()
        return share(self.hits.value, self.of.value)

    def get_config(self) -> dict[str, Any]:
        given = {"top_k": self.top_k, "class_id": self.class_id}
        chosen = {name: value for name, value in given.items() if value is not None}
        return {**super().get_config(), "thresholds": self.thresholds, **chosen}


def _thresholds(owner: str, given: Any, top_k: int | None) -> float | list[float] | None:
    """One number, a list of several, or None: all that is among the largest."""
    if given is None:
        return 0.5 if top_k is None else None
    if not isinstance(given, (list, tuple)):
        return finite(owner, "thresholds", given)
    values = [finite(owner, "thresholds", one) for one in given]
    if not values:
        raise ValueError(f"{owner}: thresholds must be a number or some, got {given!r}")
    return values if len(values) > 1 else values[0]


def _largest(name: str, y_pred: Any, k: int) -> NDArray[np.float32]:
    """The k largest predictions of each row, all others -inf. Ties: the first ones."""
    p: NDArray[np.float32] = host_of(predictions_of(name, y_pred))
    if not p.ndim or k > p.shape[-1]:
        raise ValueError(f"metric {name!r}: top_k is {k}, but y_pred has the shape {p.shape}")
    first = np.argsort(-p, axis=-1, kind="stable")[..., :k]
    largest = np.full_like(p, -np.inf)
    np.put_along_axis(largest, first, np.take_along_axis(p, first, axis=-1), axis=-1)
    return largest


class Precision(_Hits):
    """Share of yes that is right: ``hits / sum(p > threshold)``, hits where also ``t > 0.5``.

    Of an epoch: all hits among all yes, not the mean over batches. Without any yes: 0.

    Shapes:
        predictions (N, ...), y likewise; (N,) is accepted for (N, 1)

    Args:
        thresholds: Where yes begins, one number, or a list for an array of shares. Default 0.5; 0
            for logits.
        top_k: Yes are only the k largest predictions of a row, all of them unless thresholds are
            given, too. Default None: any.
        class_id: Only this class counts, along the last axis. Default None: all.
        name: What logs call it.
        dtype: As Keras has it.

    Plans compute it of one threshold alone; a list, ``top_k`` and ``class_id`` run beside them.

    >>> from brasa.metrics import Precision
    >>> Precision()([1, 0, 1], [[0.9], [0.8], [0.1]])
    0.5
    >>> Precision(top_k=1)([[0, 1, 0], [1, 0, 0]], [[0.1, 0.2, 0.3], [0.9, 0.8, 0.7]])
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
        thresholds, top_k, class_id, name, dtype: See :class:`Precision`.

    >>> from brasa.metrics import Recall
    >>> Recall()([1, 0, 1, 1], [[0.9], [0.8], [0.7], [0.6]])
    1.0
    """

    default_name = "recall"
    judged = "wanted"
