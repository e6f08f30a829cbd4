"""Steps scaled by the sum of all squares so far."""

from __future__ import annotations

import math
from typing import Any

from brasa.ops.arguments import number
from brasa.optimizers.arguments import check_epsilon
from brasa.optimizers.base import Optimizer
from brasa.optimizers.schedules import LearningRateSchedule


class Adagrad(Optimizer):
    """Steps scaled by the sum of all squares so far: weights that seldom move, move farther.

    ``v += g^2; p -= lr g / sqrt(v + epsilon)``

    Args:
        learning_rate: Finite, at least 0, or a schedule. Default 0.001.
        initial_accumulator_value: What ``v`` starts from, finite, at least 0. Default 0.1.
        epsilon: Above 0: keeps the division finite. Default 1e-7.
        **options: weight_decay; one of clipnorm, clipvalue, global_clipnorm; use_ema,
            gradient_accumulation_steps and the like; name: see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: Duchi, Hazan & Singer, JMLR 12, 2011; Keras's form.

    >>> from brasa.optimizers import Adagrad
    >>> Adagrad().slots
    ('accumulator',)
    """

    op = "adagrad_step"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        first = number("Adagrad", "initial_accumulator_value", initial_accumulator_value)
        if not 0 <= first < math.inf:
            raise ValueError(
                f"Adagrad: initial_accumulator_value must be finite and >= 0, got {first}"
            )
        self.initial_accumulator_value = first
        self.epsilon = check_epsilon("Adagrad", epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("accumulator",)

    @property
    def first_values(self) -> dict[str, float]:
        return {"accumulator": self.initial_accumulator_value}

    def attributes(self) -> dict[str, Any]:
        return {"epsilon": self.epsilon}

    def get_config(self) -> dict[str, Any]:
        first = {"initial_accumulator_value": self.initial_accumulator_value}
        return {**super().get_config(), **first, **self.attributes()}
