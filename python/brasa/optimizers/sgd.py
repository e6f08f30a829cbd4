"""Gradient descent."""

from __future__ import annotations

from typing import Any

from brasa.ops.optimizers import check_momentum
from brasa.optimizers.arguments import check_flag
from brasa.optimizers.base import Optimizer
from brasa.optimizers.schedules import LearningRateSchedule


class SGD(Optimizer):
    """Gradient descent with momentum: ``v = momentum v - lr g; p += v``.

    With ``nesterov``: ``p += momentum v - lr g``.

    Args:
        learning_rate: Finite, at least 0, or a schedule. Default 0.01.
        momentum: In [0, 1]. Default 0.
        nesterov: Look ahead by the momentum. Default False.
        **options: weight_decay; one of clipnorm, clipvalue, global_clipnorm; use_ema,
            gradient_accumulation_steps and the like; name: see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    >>> from brasa.optimizers import SGD
    >>> SGD(0.1, momentum=0.9).slots
    ('velocity',)
    """

    op = "sgd_step"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = check_momentum("SGD", momentum)
        self.nesterov = check_flag("SGD", "nesterov", nesterov)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def attributes(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "nesterov": self.nesterov}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.attributes()}
