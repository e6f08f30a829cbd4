"""Learning rates that follow from the number of the step, counted from 0.

Names, arguments and formulas are Keras's; they are evaluated in float64.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Any

from brasa import configurable
from brasa.configurable import Configurable
from brasa.ops.arguments import number
from brasa.ops.optimizers import check_learning_rate

__all__ = [
    "SCHEDULES",
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


class LearningRateSchedule(Configurable):
    """Base class: ``__call__`` says the learning rate of a step.

    A model that is saved keeps the class's name and ``get_config``; only the schedules of this
    module are found again when it is loaded.

    >>> from brasa.optimizers import SGD, schedules
    >>> class Halves(schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5**step
    >>> SGD(Halves()).learning_rate
    1.0
    """

    def __call__(self, step: int) -> float:
        """The learning rate of the step."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__()")


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
        self.initial_learning_rate = _rate(self, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps(self, "decay_steps", decay_steps)
        self.decay_rate = _rate(self, "decay_rate", decay_rate)
        self.staircase = _flag(self, "staircase", staircase)
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


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to the step ``boundaries[0]``, that one too, ``values[1]`` from then on.

    Args:
        boundaries: The last step of each piece but the last one, in rising order.
        values: The rate of each piece: one more than boundaries, finite, at least 0.
        name: Taken for Keras's sake.

    Raises:
        ValueError: an argument is out of range. TypeError: it holds no numbers.

    >>> from brasa.optimizers.schedules import PiecewiseConstantDecay
    >>> rate = PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.1])
    >>> rate(100), rate(101), rate(1000)
    (1.0, 0.5, 0.1)
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        own = type(self).__name__
        for argument, given in (("boundaries", boundaries), ("values", values)):
            if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
                raise TypeError(f"{own}: {argument} must be a list of numbers, got {given!r}")
        self.boundaries = [number(own, f"boundaries[{i}]", b) for i, b in enumerate(boundaries)]
        self.values = [_rate(self, f"values[{i}]", value) for i, value in enumerate(values)]
        self.name = name
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"{own}: values must have one entry more than boundaries, got {len(self.values)} "
                f"and {len(self.boundaries)}"
            )
        rises = all(a < b for a, b in zip(self.boundaries, self.boundaries[1:], strict=False))
        if not rises or any(math.isnan(b) for b in self.boundaries):
            raise ValueError(f"{own}: boundaries must rise, got {list(boundaries)}")

    def __call__(self, step: int) -> float:
        return self.values[bisect.bisect_left(self.boundaries, step)]

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}


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
        self.initial_learning_rate = _rate(self, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps(self, "decay_steps", decay_steps)
        self.end_learning_rate = _rate(self, "end_learning_rate", end_learning_rate)
        self.power = _rate(self, "power", power)
        self.cycle = _flag(self, "cycle", cycle)
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


class CosineDecay(LearningRateSchedule):
    """Half a cosine: ``initial * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha)``.

    With ``warmup_target`` the rate first goes in a straight line from the initial one to the target
    in ``warmup_steps``, and decays from there.

    Args:
        initial_learning_rate: Finite, at least 0.
        decay_steps: Above 0: the length of the decay, after which the rate stays.
        alpha: The share that is left at the end, in [0, 1]. Default 0.
        name: Taken for Keras's sake.
        warmup_target: Finite, at least 0. Default None: no warm-up.
        warmup_steps: At least 0. Default 0.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: Loshchilov & Hutter, ICLR 2017, arXiv:1608.03983.

    >>> from brasa.optimizers.schedules import CosineDecay
    >>> CosineDecay(0.0, decay_steps=10, warmup_target=1.0, warmup_steps=4)(2)
    0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = _rate(self, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps(self, "decay_steps", decay_steps)
        self.alpha = _rate(self, "alpha", alpha)
        if self.alpha > 1:
            raise ValueError(f"{type(self).__name__}: alpha must be in [0, 1], got {alpha}")
        self.name = name
        self.warmup_target = (
            None if warmup_target is None else _rate(self, "warmup_target", warmup_target)
        )
        self.warmup_steps = _rate(self, "warmup_steps", warmup_steps)

    def __call__(self, step: int) -> float:
        top: float = self.initial_learning_rate
        done: float = step
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * (step / self.warmup_steps)
            top, done = self.warmup_target, step - self.warmup_steps
        fraction = min(done / self.decay_steps, 1.0)
        cosine = 0.5 * (1 + math.cos(math.pi * fraction))
        return top * ((1 - self.alpha) * cosine + self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


SCHEDULES: dict[str, type[LearningRateSchedule]] = {
    schedule.__name__: schedule
    for schedule in (
        CosineDecay,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}


def deserialize(config: Any) -> LearningRateSchedule:
    """The schedule that ``serialize`` described."""
    schedule = configurable.deserialize("learning-rate schedule", config, SCHEDULES)
    assert isinstance(schedule, LearningRateSchedule)
    return schedule


serialize = configurable.serialize


def _rate(schedule: Any, name: str, value: Any) -> float:
    """A finite number of at least 0."""
    owner = type(schedule).__name__
    return check_learning_rate(owner, value, name)


def _steps(schedule: Any, name: str, value: Any) -> float:
    """A finite number above 0."""
    owner = type(schedule).__name__
    steps = number(owner, name, value)
    if not 0 < steps < math.inf:
        raise ValueError(f"{owner}: {name} must be finite and > 0, got {steps}")
    return steps


def _flag(schedule: Any, name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{type(schedule).__name__}: {name} must be a bool, got {value!r}")
    return value
