"""From one rate to another along a power of the steps that are left."""

from __future__ import annotations

import math
from typing import Any

from brasa.optimizers.arguments import check_flag, check_rate, check_steps
from brasa.optimizers.schedules.base import LearningRateSchedule


class PolynomialDecay(LearningRateSchedule):
    """``(initial - end) * (1 - step / decay_steps) ** power + end``, and ``end`` after that.

    Args:
        initial_learning_rate: Finite, at least 0.
        decay_steps: Above 0: the step at which ``end_learning_rate`` is reached.
        end_learning_rate: Finite, at least 0. Default 0.0001.
        power: Finite, at least 0. Default 1: a straight line.
        cycle: Begin again after that, from lower and over more steps: ``decay_steps`` is the next
            multiple of itself. Default False.
        name: Taken for Keras's sake.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    >>> from brasa.optimizers.schedules import PolynomialDecay
    >>> PolynomialDecay(1.0, decay_steps=4, end_learning_rate=0.0)(1)
    0.75
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        own = type(self).__name__
        self.initial_learning_rate = check_rate(own, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = check_steps(own, "decay_steps", decay_steps)
        self.end_learning_rate = check_rate(own, "end_learning_rate", end_learning_rate)
        self.power = check_rate(own, "power", power)
        self.cycle = check_flag(own, "cycle", cycle)
        self.name = name

    def __call__(self, step: int) -> float:
        total = self.decay_steps
        if self.cycle:
            total *= max(math.ceil(step / total), 1)
        left = max(1 - step / total, 0.0)
        span = self.initial_learning_rate - self.end_learning_rate
        return float(span * left**self.power + self.end_learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }
