"""The learning rate: a number, or a schedule that says it for each step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from brasa.ops.optimizers import check_learning_rate
from brasa.optimizers import schedules
from brasa.optimizers.numbers import Rate
from brasa.optimizers.schedules import LearningRateSchedule


class HasRate:
    """Base of optimizers: knows the step size."""

    _steps: int
    _schedule: LearningRateSchedule | None = None
    _learning_rate: Rate

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._learning_rate = Rate.of(self, state["_learning_rate"])  # of this copy

    @property
    def learning_rate(self) -> float:
        """The step size of the next step: finite, at least 0.

        A schedule may be set, and replaces what was there; a number does not replace a schedule:
        TypeError, as in Keras. A float, with Keras's ``assign(value)`` and ``numpy()`` where no
        schedule says it: ``assign`` is for the optimizer, and leaves numbers read before.
        """
        schedule = self._schedule
        if schedule is None:
            return self._learning_rate
        rate = schedule(self._steps)
        if type(rate) is float and 0 <= rate < math.inf:
            return rate
        return check_learning_rate(type(schedule).__name__, rate)

    @learning_rate.setter
    def learning_rate(self, value: float | LearningRateSchedule | Mapping[str, Any]) -> None:
        own = type(self).__name__
        if isinstance(value, Mapping):
            value = schedules.deserialize(value)
        if isinstance(value, LearningRateSchedule):
            self._schedule = value
        elif self._schedule is not None:
            raise TypeError(
                f"{own}: the learning rate follows {self._schedule!r} and cannot be set to "
                f"{value!r}: make the optimizer with a number, or set another schedule"
            )
        else:
            self._learning_rate = Rate.of(self, check_learning_rate(own, value))

    @property
    def is_scheduled(self) -> bool:
        """Whether a schedule says the learning rate."""
        return self._schedule is not None

    @property
    def lr(self) -> float:
        """The learning rate, as older code calls it."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: float) -> None:
        self.learning_rate = value
