"""Steps as long as the weights that take them."""

from __future__ import annotations

from typing import Any

from brasa.optimizers.arguments import check_epsilon, check_share
from brasa.optimizers.base import Optimizer
from brasa.optimizers.schedules import LearningRateSchedule


class Lamb(Optimizer):
    """Adam's directions, each as long as its weight times the learning rate: for large batches.

    ``m += (1 - beta_1)(g - m); v += (1 - beta_2)(g^2 - v);``
    ``d = m / (1 - beta_1^step) / (sqrt(v / (1 - beta_2^step)) + epsilon);``
    ``p -= lr |p| / |d| d``, with the Euclidean norms of each weight of a layer; their ratio counts
    as 1 where one of them is 0 or NaN.

    Args:
        learning_rate: Finite, at least 0, or a schedule. Default 0.001.
        beta_1: Memory of the mean, in [0, 1). Default 0.9.
        beta_2: Memory of the mean square, in [0, 1). Default 0.999.
        epsilon: Above 0: keeps the division finite. Default 1e-7.
        **options: weight_decay; one of clipnorm, clipvalue, global_clipnorm; use_ema,
            gradient_accumulation_steps and the like; name: see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: You et al., arXiv:1904.00962; Keras's form, where the decay comes before the step.

    >>> from brasa.optimizers import Lamb
    >>> Lamb().slots
    ('m', 'v')
    """

    op = "lamb_step"
    whole_weights = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = check_share("Lamb", "beta_1", beta_1)
        self.beta_2 = check_share("Lamb", "beta_2", beta_2)
        self.epsilon = check_epsilon("Lamb", epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "v")

    def attributes(self) -> dict[str, Any]:
        return {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.attributes()}
