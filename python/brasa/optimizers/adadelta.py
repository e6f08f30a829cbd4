"""Steps scaled by those before."""

from __future__ import annotations

from typing import Any

from brasa.optimizers.arguments import check_epsilon, check_share
from brasa.optimizers.base import Optimizer
from brasa.optimizers.schedules import LearningRateSchedule


class Adadelta(Optimizer):
    """Steps of the size of those before: a unit of the gradient cancels out.

    ``v += (1 - rho)(g^2 - v); d = g sqrt((u + epsilon) / (v + epsilon));``
    ``u += (1 - rho)(d^2 - u); p -= lr d``

    Args:
        learning_rate: Finite, at least 0, or a schedule. Default 0.001, as in Keras; the paper
            has 1.
        rho: Memory of the running means, in [0, 1). Default 0.95.
        epsilon: Above 0: what the first steps start from. Default 1e-7.
        **options: weight_decay; one of clipnorm, clipvalue, global_clipnorm; use_ema,
            gradient_accumulation_steps and the like; name: see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: Zeiler, arXiv:1212.5701; Keras's form.

    >>> from brasa.optimizers import Adadelta
    >>> Adadelta(1.0).slots
    ('accumulator', 'moved')
    """

    op = "adadelta_step"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = check_share("Adadelta", "rho", rho)
        self.epsilon = check_epsilon("Adadelta", epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("accumulator", "moved")

    def attributes(self) -> dict[str, Any]:
        return {"rho": self.rho, "epsilon": self.epsilon}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.attributes()}
