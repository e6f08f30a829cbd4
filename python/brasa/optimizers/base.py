"""What all optimizers have: a learning rate, weight decay, clipping, a count of the steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from brasa.configurable import Configurable, serialize
from brasa.ops.arguments import number, whole
from brasa.ops.optimizers import check_learning_rate
from brasa.optimizers import schedules
from brasa.optimizers.schedules import LearningRateSchedule


class Optimizer(Configurable):
    """Base class: which op updates the weights, with which attributes and buffers.

    ``learning_rate`` may change between steps; everything else is fixed when a model is compiled.
    It may be a schedule of :mod:`brasa.optimizers.schedules`, which then says it for each step.

    ``weight_decay`` takes that share of each weight, times the learning rate, away in each step.

    Gradients are clipped before they are used where one of three limits is given, as in Keras:
    ``clipvalue`` for each element, ``clipnorm`` for the Euclidean norm of each weight's gradient,
    ``global_clipnorm`` for the norm of all gradients together.
    """

    op: ClassVar[str]
    """Name of the op that updates one flat span of parameters."""

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        own = type(self).__name__
        self._schedule: LearningRateSchedule | None = None
        self._learning_rate = 0.0
        self.iterations = 0
        self.learning_rate = learning_rate
        self.weight_decay: float | None = None
        if weight_decay is not None:
            self.weight_decay = check_learning_rate(own, weight_decay, "weight_decay")
        self.clipping = _clipping(
            own, {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        )

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the buffers that it keeps beside the parameters, in the order of the op."""
        return ()

    @property
    def first_values(self) -> dict[str, float]:
        """What slots hold before the first step, where that is not 0."""
        return {}

    def attributes(self) -> dict[str, Any]:
        """The attributes of the op, but for what comes first: decay and penalties."""
        return {}

    @property
    def learning_rate(self) -> float:
        """The step size of the next step: finite, at least 0.

        A schedule may be set, and replaces what was there; a number does not replace a schedule:
        TypeError, as in Keras.
        """
        schedule = self._schedule
        if schedule is None:
            return self._learning_rate
        return check_learning_rate(type(schedule).__name__, schedule(self._iterations))

    @learning_rate.setter
    def learning_rate(self, value: float | LearningRateSchedule | Mapping[str, Any]) -> None:
        own = type(self).__name__
        if isinstance(value, Mapping):
            value = schedules.deserialize(value)
        if isinstance(value, LearningRateSchedule):
            self._schedule = value
        elif self._schedule is not None:
            raise TypeError(
                f"{own}: the learning rate follows {self._schedule!r} and cannot be set to "
                f"{value!r}: make the optimizer with a number, or set another schedule"
            )
        else:
            self._learning_rate = check_learning_rate(own, value)

    @property
    def is_scheduled(self) -> bool:
        """Whether a schedule says the learning rate."""
        return self._schedule is not None

    @property
    def lr(self) -> float:
        """The learning rate, as older code calls it."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: float) -> None:
        self.learning_rate = value

    @property
    def iterations(self) -> int:
        """The number of steps made so far."""
        return self._iterations

    @iterations.setter
    def iterations(self, value: int) -> None:
        steps = whole(type(self).__name__, "iterations", value)
        if steps < 0:
            raise ValueError(f"{type(self).__name__}: iterations must be >= 0, got {steps}")
        self._iterations = steps

    def hyper(self) -> tuple[float, int]:
        """What may change from step to step: the learning rate and the step's number, from 1."""
        return self.learning_rate, self._iterations + 1

    def get_config(self) -> dict[str, Any]:
        schedule = self._schedule
        decay = {} if self.weight_decay is None else {"weight_decay": self.weight_decay}
        rate = self._learning_rate if schedule is None else serialize(schedule)
        return {"learning_rate": rate, **decay, **self.clipping}


def check_share(owner: str, name: str, value: Any) -> float:
    """A number in [0, 1)."""
    share = number(owner, name, value)
    if not 0 <= share < 1:
        raise ValueError(f"{owner}: {name} must be in [0, 1), got {share}")
    return share


def check_momentum(owner: str, value: Any) -> float:
    """A number in [0, 1]."""
    momentum = number(owner, "momentum", value)
    if not 0 <= momentum <= 1:
        raise ValueError(f"{owner}: momentum must be in [0, 1], got {momentum}")
    return momentum


def check_epsilon(owner: str, value: Any) -> float:
    """A number above 0 that float32 holds."""
    epsilon = number(owner, "epsilon", value)
    if not 0 < epsilon < math.inf:
        raise ValueError(f"{owner}: epsilon must be finite and > 0, got {epsilon}")
    return epsilon


def check_flag(owner: str, name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{owner}: {name} must be a bool, got {value!r}")
    return value


def _clipping(owner: str, limits: dict[str, float | None]) -> dict[str, float]:
    """The limit that is given, by its name; at most one."""
    given = {name: limit for name, limit in limits.items() if limit is not None}
    if len(given) > 1:
        raise ValueError(f"{owner}: give only one of {' and '.join(given)}")
    for name, value in given.items():
        limit = given[name] = number(owner, name, value)
        if not (math.isfinite(limit) and limit > 0):
            raise ValueError(f"{owner}: {name} must be finite and > 0, got {limit}")
    return given
