"""Decay by the same rate in every period of steps."""

from __future__ import annotations

import math
from typing import Any

from brasa.optimizers.arguments import check_flag, check_rate, check_steps
from brasa.optimizers.schedules.base import LearningRateSchedule


class _Decay(LearningRateSchedule):
    """What counts steps in periods."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        own = type(self).__name__
        self.initial_learning_rate = check_rate(own, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = check_steps(own, "decay_steps", decay_steps)
        self.decay_rate = check_rate(own, "decay_rate", decay_rate)
        self.staircase = check_flag(own, "staircase", staircase)
        self.name = type(self).__name__ if name is None else name

    def periods(self, step: int) -> float:
        """How many there have been, in whole ones where the rate goes down in stairs."""
        periods = step / self.decay_steps
        return math.floor(periods) if self.staircase else periods

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class ExponentialDecay(_Decay):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Args:
        initial_learning_rate: Finite, at least 0.
        decay_steps: Above 0: after so many steps the rate has been multiplied once.
        decay_rate: Finite, at least 0.
        staircase: Round ``step / decay_steps`` down. Default False.
        name: Taken for Keras's sake.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    >>> from brasa.optimizers.schedules import ExponentialDecay
    >>> ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5)(20)
    0.125
    """

    def __call__(self, step: int) -> float:
        return float(self.initial_learning_rate * self.decay_rate ** self.periods(step))


class InverseTimeDecay(_Decay):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Args:
        initial_learning_rate: Finite, at least 0.
        decay_steps: Above 0: the unit in which steps are counted.
        decay_rate: Finite, at least 0.
        staircase: Round ``step / decay_steps`` down. Default False.
        name: Taken for Keras's sake.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    >>> from brasa.optimizers.schedules import InverseTimeDecay
    >>> InverseTimeDecay(0.5, decay_steps=1, decay_rate=0.5)(2)
    0.25
    """

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate / (1 + self.decay_rate * self.periods(step))
