"""Steps of one size."""

from __future__ import annotations

from typing import Any

from brasa.optimizers.arguments import check_share
from brasa.optimizers.base import Optimizer
from brasa.optimizers.schedules import LearningRateSchedule


class Lion(Optimizer):
    """Steps of the learning rate's size, in the direction of a running mean: one slot.

    ``p -= lr sign(m + (1 - beta_1)(g - m)); m += (1 - beta_2)(g - m)``

    A learning rate 3 to 10 times lower than Adam's, with a weight decay as many times higher, is
    where its authors begin.

    Args:
        learning_rate: Finite, at least 0, or a schedule. Default 0.001.
        beta_1: How much of the mean is in a step, in [0, 1). Default 0.9.
        beta_2: Memory of the mean, in [0, 1). Default 0.99.
        **options: weight_decay; one of clipnorm, clipvalue, global_clipnorm; use_ema,
            gradient_accumulation_steps and the like; name: see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: Chen et al., arXiv:2302.06675; Keras's form.

    >>> from brasa.optimizers import Lion
    >>> Lion().slots
    ('m',)
    """

    op = "lion_step"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = check_share("Lion", "beta_1", beta_1)
        self.beta_2 = check_share("Lion", "beta_2", beta_2)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m",)

    def attributes(self) -> dict[str, Any]:
        return {"beta_1": self.beta_1, "beta_2": self.beta_2}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.attributes()}
