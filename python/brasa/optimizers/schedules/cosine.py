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
