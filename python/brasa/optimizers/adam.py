"""Steps scaled by running means."""

from __future__ import annotations

from typing import Any

from brasa.optimizers.arguments import check_epsilon, check_flag, check_share
from brasa.optimizers.base import Optimizer
from brasa.optimizers.schedules import LearningRateSchedule


class Adam(Optimizer):
    """Steps scaled by running means of the gradient and of its square.

    ``m += (1 - beta_1)(g - m); v += (1 - beta_2)(g^2 - v);``
    ``p -= lr sqrt(1 - beta_2^step) / (1 - beta_1^step) m / (sqrt(v) + epsilon)``

    ``amsgrad``: the largest ``v`` so far stands in the place of ``v`` in the last line, so that no
    step size grows again.

    Args:
        learning_rate: Finite, at least 0, or a schedule. Default 0.001.
        beta_1: Memory of the mean, in [0, 1). Default 0.9.
        beta_2: Memory of the mean square, in [0, 1). Default 0.999.
        epsilon: Above 0: keeps the division finite. Default 1e-7.
        amsgrad: Divide by the root of the largest mean square so far. Default False.
        **options: weight_decay; one of clipnorm, clipvalue, global_clipnorm; use_ema,
            gradient_accumulation_steps and the like; name: see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: Kingma & Ba, arXiv:1412.6980, in the form of the end of section 2; Reddi, Kale & Kumar,
    ICLR 2018, arXiv:1904.09237.

    >>> from brasa.optimizers import Adam
    >>> Adam().hyper()
    (0.001, 1)
    """

    op = "adam_step"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        own = type(self).__name__
        self.beta_1 = check_share(own, "beta_1", beta_1)
        self.beta_2 = check_share(own, "beta_2", beta_2)
        self.epsilon = check_epsilon(own, epsilon)
        self.amsgrad = check_flag(own, "amsgrad", amsgrad)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "v", "v_hat") if self.amsgrad else ("m", "v")

    @property
    def slot_groups(self) -> tuple[tuple[str, ...], ...]:
        return (("m", "v"), ("v_hat",)) if self.amsgrad else (("m", "v"),)

    def attributes(self) -> dict[str, Any]:
        return {
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.attributes()}


class AdamW(Adam):
    """Adam with weight decay, ``p -= lr weight_decay p`` before each of its steps.

    The decay is no part of the gradient, so the running means do not see it.

    Args:
        learning_rate: Finite, at least 0, or a schedule. Default 0.001.
        weight_decay: Finite, at least 0. Default 0.004.
        beta_1: As for Adam; likewise beta_2, epsilon and amsgrad.
        beta_2: See above.
        epsilon: See above.
        amsgrad: See above.
        **options: One of clipnorm, clipvalue, global_clipnorm; use_ema,
            gradient_accumulation_steps and the like; name: see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: Loshchilov & Hutter, ICLR 2019, arXiv:1711.05101; Keras's default and form.

    >>> from brasa.optimizers import AdamW
    >>> AdamW().weight_decay
    0.004
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        if weight_decay is None:
            raise TypeError("AdamW: weight_decay must be a number, got None: use Adam without it")
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            weight_decay=weight_decay,
            **options,
        )
