"""Half a cosine, after a warm-up."""

from __future__ import annotations

import math
from typing import Any

from brasa.optimizers.arguments import check_rate, check_steps
from brasa.optimizers.schedules.base import LearningRateSchedule


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
        own = type(self).__name__
        self.initial_learning_rate = check_rate(own, "initial_learning_rate", initial_learning_rate)
        self.decay_steps = check_steps(own, "decay_steps", decay_steps)
        self.alpha = check_rate(own, "alpha", alpha)
        if self.alpha > 1:
            raise ValueError(f"{own}: alpha must be in [0, 1], got {alpha}")
        self.name = name
        self.warmup_target = (
            None if warmup_target is None else check_rate(own, "warmup_target", warmup_target)
        )
        self.warmup_steps = check_rate(own, "warmup_steps", warmup_steps)

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


class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines, one after the other, each from the top again: warm restarts.

    ``initial * ((1 - alpha) * m_mul**i * (1 + cos(pi * fraction)) / 2 + alpha)``: ``i`` counts
    the restarts and ``fraction`` is the share of the present period that is over.

    Args:
        initial_learning_rate: Finite, at least 0.
        first_decay_steps: Above 0: the length of the first period.
        t_mul: Each period is so many times as long as the one before, at least 1. Default 2.
        m_mul: Each period starts at so many times the height of the one before. Default 1.
        alpha: The share that is always left, in [0, 1]. Default 0.
        name: Taken for Keras's sake.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: Loshchilov & Hutter, ICLR 2017, arXiv:1608.03983.

    >>> from brasa.optimizers.schedules import CosineDecayRestarts
    >>> rate = CosineDecayRestarts(1.0, first_decay_steps=10, m_mul=0.5)
    >>> rate(0), round(rate(5), 6), rate(10), rate(30)
    (1.0, 0.5, 0.5, 0.25)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        own = type(self).__name__
        self.initial_learning_rate = check_rate(own, "initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = check_steps(own, "first_decay_steps", first_decay_steps)
        self.t_mul = check_rate(own, "t_mul", t_mul)
        if self.t_mul < 1:
            raise ValueError(f"{own}: t_mul must be at least 1, got {t_mul}")
        self.m_mul = check_rate(own, "m_mul", m_mul)
        self.alpha = check_rate(own, "alpha", alpha)
        if self.alpha > 1:
            raise ValueError(f"{own}: alpha must be in [0, 1], got {alpha}")
        self.name = name

    def __call__(self, step: int) -> float:
        restarts, fraction = self._period(step / self.first_decay_steps)
        cosine = 0.5 * self.m_mul**restarts * (1 + math.cos(math.pi * fraction))
        return float(self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha))

    def _period(self, done: float) -> tuple[int, float]:
        """The number of the present period, and its share that is over, from first periods."""
        ratio = self.t_mul
        if ratio == 1:
            return math.floor(done), done - math.floor(done)
        # Period i begins at (ratio^i - 1) / (ratio - 1); the logarithm may round to a neighbour.
        number = max(math.floor(math.log1p(done * (ratio - 1)) / math.log(ratio)), 0)
        begins = [(ratio**i - 1) / (ratio - 1) for i in (number, number + 1)]
        if done >= begins[1]:
            number, begins[0] = number + 1, begins[1]
        elif done < begins[0]:
            number -= 1
            begins[0] = (ratio**number - 1) / (ratio - 1)
        return number, (done - begins[0]) / ratio**number

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
