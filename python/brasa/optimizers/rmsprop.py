"""Steps scaled by a running mean of squares."""

from __future__ import annotations

from typing import Any

from brasa.ops.optimizers import check_momentum
from brasa.optimizers.arguments import check_epsilon, check_flag, check_share
from brasa.optimizers.base import Optimizer
from brasa.optimizers.schedules import LearningRateSchedule


class RMSprop(Optimizer):
    """Steps scaled by a running mean of the gradient's square.

    ``v += (1 - rho)(g^2 - v); p -= lr g / sqrt(v + epsilon)``

    With ``momentum``: ``m = momentum m + lr g / sqrt(v + epsilon); p -= m``. ``centered``: the
    square of a running mean of ``g`` is taken from ``v`` first, which leaves the variance.

    Args:
        learning_rate: Finite, at least 0, or a schedule. Default 0.001.
        rho: Memory of the running means, in [0, 1). Default 0.9.
        momentum: In [0, 1]. Default 0.
        epsilon: Above 0: keeps the division finite. Default 1e-7.
        centered: Scale by the variance instead of the mean square. Default False.
        **options: weight_decay; one of clipnorm, clipvalue, global_clipnorm; use_ema,
            gradient_accumulation_steps and the like; name: see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: Hinton, Neural Networks for Machine Learning, lecture 6e; Keras's form.

    >>> from brasa.optimizers import RMSprop
    >>> RMSprop(momentum=0.9).slots
    ('velocity', 'momentum')
    """

    op = "rmsprop_step"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = check_share("RMSprop", "rho", rho)
        self.momentum = check_momentum("RMSprop", momentum)
        self.epsilon = check_epsilon("RMSprop", epsilon)
        self.centered = check_flag("RMSprop", "centered", centered)

    @property
    def slots(self) -> tuple[str, ...]:
        momentum = ("momentum",) if self.momentum else ()
        return ("velocity", *momentum, *(("average_gradient",) if self.centered else ()))

    @property
    def slot_groups(self) -> tuple[tuple[str, ...], ...]:
        return tuple((slot,) for slot in self.slots)

    def attributes(self) -> dict[str, Any]:
        return {
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.attributes()}
