"""Adam that looks ahead."""

from __future__ import annotations

from typing import Any

from brasa.optimizers.arguments import check_epsilon, check_share
from brasa.optimizers.base import Optimizer
from brasa.optimizers.schedules import LearningRateSchedule


class Nadam(Optimizer):
    """Adam with Nesterov's momentum, which grows to ``beta_1`` over some 100 steps.

    ``b(t) = beta_1 (1 - 0.96^t / 2); B(t) = b(1) b(2) ... b(t);``
    ``m += (1 - beta_1)(g - m); v += (1 - beta_2)(g^2 - v);``
    ``d = b(t + 1) / (1 - B(t + 1)) m + (1 - b(t)) / (1 - B(t)) g;``
    ``p -= lr d / (sqrt(v / (1 - beta_2^t)) + epsilon)`` in step t

    Args:
        learning_rate: Finite, at least 0, or a schedule. Default 0.001.
        beta_1: Memory of the mean, in [0, 1). Default 0.9.
        beta_2: Memory of the mean square, in [0, 1). Default 0.999.
        epsilon: Above 0: keeps the division finite. Default 1e-7.
        **options: weight_decay; one of clipnorm, clipvalue, global_clipnorm; use_ema,
            gradient_accumulation_steps and the like; name: see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: Dozat, ICLR workshop, 2016; Keras's form.

    >>> from brasa.optimizers import Nadam
    >>> Nadam().slots
    ('m', 'v')
    """

    op = "nadam_step"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = check_share("Nadam", "beta_1", beta_1)
        self.beta_2 = check_share("Nadam", "beta_2", beta_2)
        self.epsilon = check_epsilon("Nadam", epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "v")

    def attributes(self) -> dict[str, Any]:
        return {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.attributes()}
