"""Steps scaled by the largest gradient of late."""

from __future__ import annotations

from typing import Any

from brasa.optimizers.arguments import check_epsilon, check_share
from brasa.optimizers.base import Optimizer
from brasa.optimizers.schedules import LearningRateSchedule


class Adamax(Optimizer):
    """Steps scaled by a running mean of the gradient and its largest size, which fades.

    ``m += (1 - beta_1)(g - m); u = max(beta_2 u, |g|);``
    ``p -= lr / (1 - beta_1^step) m / (u + epsilon)``

    Args:
        learning_rate: Finite, at least 0, or a schedule. Default 0.001.
        beta_1: Memory of the mean, in [0, 1). Default 0.9.
        beta_2: What of the largest size is left after a step, in [0, 1). Default 0.999.
        epsilon: Above 0: keeps the division finite. Default 1e-7.
        **options: weight_decay; one of clipnorm, clipvalue, global_clipnorm; use_ema,
            gradient_accumulation_steps and the like; name: see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: Kingma & Ba, arXiv:1412.6980, section 7.1; Keras's form.

    >>> from brasa.optimizers import Adamax
    >>> Adamax().slots
    ('m', 'u')
    """

    op = "adamax_step"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = check_share("Adamax", "beta_1", beta_1)
        self.beta_2 = check_share("Adamax", "beta_2", beta_2)
        self.epsilon = check_epsilon("Adamax", epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "u")

    def attributes(self) -> dict[str, Any]:
        return {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.attributes()}
