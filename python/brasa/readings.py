"""Losses and metrics of the batches that were run: sums that plans kept, and metrics in Python."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brasa.metrics import Metric
from brasa.metrics.base import plain
from brasa.metrics.in_plan import PlanMetric
from brasa.plan_key import Reading
from brasa.there import host_of

if TYPE_CHECKING:
    from brasa.engine import Engine

Logs = dict[str, Any]


class Readings:
    """What one loop over batches reads: its plans' totals, and the states of other metrics.

    The latter lie in the metrics themselves, as ``metric.result()`` shall tell them. A loop that
    another interrupts, such as an ``evaluate`` in a callback, finds them again as they were.
    """

    def __init__(self, engine: Engine, mode: str) -> None:
        self.engine = engine
        found = engine.readouts(mode)
        readings = [item for item in found if isinstance(item, Reading)]
        self.beside = [item for item in readings if not item.metric.in_plan]
        self.sums = len(found) - len(self.beside)  # that plans keep
        # Names with their metrics, None for losses, in the order of the logs.
        self._order: list[tuple[str, Metric | None]] = [
            (item, None) if isinstance(item, str) else (item.name, item.metric) for item in found
        ]
        self._in_plan = {item.metric for item in readings if item.metric.in_plan}
        self._states: list[tuple[dict[str, Any], list[NDArray[Any]]]] | None = None

    def room(self, plan: Any) -> dict[str, NDArray[np.float32]]:
        """New arrays for what a plan shows: metrics may keep theirs."""
        return {name: np.empty(shape, np.float32) for name, shape in plan.watched.items()}

    def reset(self) -> None:
        """Forget all batches."""
        if self.beside:
            self._states = None
            self._claim()
            for item in self.beside:
                item.metric.reset_state()

    def update(self, data: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
        """Have the metrics in Python see a batch: targets, weights, and what a plan showed."""
        self._claim()
        for name, metric, output, weighs in self.beside:
            weight = data.get(f"w{output}") if weighs else None
            mask = shown.get(f"mask{output}")
            target, prediction = host_of(data[f"y{output}"]), shown[f"out{output}"]
            if weight is None and mask is None:
                metric.update_state(target, prediction)
                continue
            _require_weights(name, metric, mask is not None)
            metric.update_state(target, prediction, sample_weight=_product(weight, mask))

    def logs(self, totals: NDArray[np.float64]) -> Logs:
        """A value for each name, of the sums and counts of plans and of the metrics in Python."""
        values = totals.tolist()
        means: Logs = {}
        sums = iter(zip(values[0::2], values[1::2], strict=True))
        if self.beside:
            self._claim()
        for name, metric in self._order:
            if metric is None:
                total, count = next(sums)
                means[name] = total / count if count else 0.0
            elif metric in self._in_plan:
                assert isinstance(metric, PlanMetric)
                metric.total, metric.count = next(sums)
                means[name] = metric.result()
            else:
                means |= _named(name, plain(metric.result()))
        return self.engine.logs(means)

    def _claim(self) -> None:
        """Have the states of the metrics be those of this loop."""
        before = self.engine.reading
        if before is self:
            return
        if before is not None:
            before._states = [_state(item.metric) for item in before.beside]
        if self._states is not None:
            for item, state in zip(self.beside, self._states, strict=True):
                _restore(item.metric, state)
        self.engine.reading = self


def _state(metric: Metric) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """What a metric remembers: variables, and attributes that are changed in place."""
    kept = (list, dict, set, np.ndarray)
    own = {k: copy.copy(v) if isinstance(v, kept) else v for k, v in vars(metric).items()}
    return own, [variable.numpy() for variable in metric.variables]


def _restore(metric: Metric, state: tuple[dict[str, Any], list[NDArray[Any]]]) -> None:
    own, values = state
    vars(metric).clear()
    vars(metric).update(own)
    for variable, value in zip(metric.variables, values, strict=True):
        variable.assign(value)


def _named(name: str, value: Any) -> Logs:
    """A log for each entry of a dictionary, for a number and an array one."""
    if not isinstance(value, dict):
        return {name: value}
    return {f"{name}_{key}": item for key, item in value.items()}


def _product(weight: Any, mask: NDArray[np.float32] | None) -> NDArray[np.float32]:
    if weight is None:
        assert mask is not None
        return mask
    weights: NDArray[np.float32] = host_of(weight)
    if mask is None:
        return weights
    steps = weights.reshape(weights.shape + (1,) * (mask.ndim - weights.ndim))
    return steps * mask


def _require_weights(name: str, metric: Metric, masked: bool) -> None:
    parameters = inspect.signature(metric.update_state).parameters.values()
    if any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters):
        return
    why = "a mask leaves steps out" if masked else "there are weights of samples"
    raise TypeError(
        f"metric {name!r}: {why}, but {type(metric).__name__}.update_state() takes no sample_weight"
    )
