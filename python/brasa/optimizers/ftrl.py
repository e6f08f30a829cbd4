"""Steps that end where all gradients so far, and penalties, would have the weights."""

from __future__ import annotations

from typing import Any

from brasa.ops.regularized_steps import check_power
from brasa.optimizers.arguments import check_rate
from brasa.optimizers.base import Optimizer
from brasa.optimizers.schedules import LearningRateSchedule


class Ftrl(Optimizer):
    """Follow the regularized leader: for wide, sparse models, whose useless weights become 0.

    ``n' = n + g^2; z += g + 2 shrinkage p - (n'^q - n^q) / lr p;``
    ``p = (min(max(z, -L1), L1) - z) / ((n'^q + beta) / lr + 2 L2)``, ``q = -learning_rate_power``

    Where a weight begins is forgotten with its first step, as ``z`` begins with 0. At a learning
    rate of 0 nothing changes.

    Args:
        learning_rate: Finite, at least 0, or a schedule. Default 0.001.
        learning_rate_power: How the rate falls with ``n``, at most 0. Default -0.5; 0: not at all.
        initial_accumulator_value: What ``n`` starts from, finite, at least 0. Default 0.1.
        l1_regularization_strength: ``L1``, finite, at least 0: keeps small weights at 0. Default 0.
        l2_regularization_strength: ``L2``, likewise: keeps weights small. Default 0.
        l2_shrinkage_regularization_strength: ``shrinkage``, likewise, through the gradient.
            Default 0.
        beta: Finite, at least 0: lowers the rate, most where ``n`` is small. Default 0.
        **options: weight_decay; one of clipnorm, clipvalue, global_clipnorm; use_ema,
            gradient_accumulation_steps and the like; name: see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: McMahan et al., KDD 2013; Keras's form.

    >>> from brasa.optimizers import Ftrl
    >>> Ftrl(0.1).slots
    ('accumulator', 'linear')
    """

    op = "ftrl_step"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        own, rate = "Ftrl", check_rate
        shrinkage = l2_shrinkage_regularization_strength
        self.learning_rate_power = check_power(own, learning_rate_power)
        self.initial_accumulator_value = rate(
            own, "initial_accumulator_value", initial_accumulator_value
        )
        self.l1_regularization_strength = rate(
            own, "l1_regularization_strength", l1_regularization_strength
        )
        self.l2_regularization_strength = rate(
            own, "l2_regularization_strength", l2_regularization_strength
        )
        self.l2_shrinkage_regularization_strength = rate(
            own, "l2_shrinkage_regularization_strength", shrinkage
        )
        self.beta = rate(own, "beta", beta)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("accumulator", "linear")

    @property
    def first_values(self) -> dict[str, float]:
        return {"accumulator": self.initial_accumulator_value}

    def attributes(self) -> dict[str, Any]:
        return {
            "power": -self.learning_rate_power,
            "lasso": self.l1_regularization_strength,
            "ridge": self.l2_regularization_strength,
            "shrinkage": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }
