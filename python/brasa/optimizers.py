"""How weights follow their gradients. Contract of the ops: csrc/ops/optimizer.h."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from brasa import configurable
from brasa.configurable import Configurable
from brasa.ops.arguments import number, whole
from brasa.ops.optimizers import check_learning_rate


class Optimizer(Configurable):
    """Base class: which op updates the weights, with which attributes and buffers.

    ``learning_rate`` may change between steps; everything else is fixed when a model is compiled.

    Gradients are clipped before they are used where one of three limits is given, as in Keras:
    ``clipvalue`` for each element, ``clipnorm`` for the Euclidean norm of each weight's gradient,
    ``global_clipnorm`` for the norm of all gradients together.
    """

    op: ClassVar[str]
    """Name of the op that updates one flat span of parameters."""

    def __init__(
        self,
        learning_rate: float,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.iterations = 0
        self.clipping = _clipping(
            type(self).__name__,
            {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm},
        )

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the buffers that it keeps beside the parameters, in the order of the op."""
        return ()

    def attributes(self) -> dict[str, Any]:
        """The attributes of the op."""
        return {}

    @property
    def learning_rate(self) -> float:
        """The step size: finite, at least 0."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = check_learning_rate(type(self).__name__, value)

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
        return self.learning_rate, self.iterations + 1

    def get_config(self) -> dict[str, Any]:
        return {"learning_rate": self.learning_rate, **self.clipping}


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


class SGD(Optimizer):
    """Gradient descent with momentum: ``v = momentum v - lr g; p += v``.

    With ``nesterov``: ``p += momentum v - lr g``.

    Args:
        learning_rate: Finite, at least 0. Default 0.01.
        momentum: In [0, 1]. Default 0.
        nesterov: Look ahead by the momentum. Default False.
        **clipping: One of clipnorm, clipvalue, global_clipnorm; see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    >>> from brasa.optimizers import SGD
    >>> SGD(0.1, momentum=0.9).slots
    ('velocity',)
    """

    op = "sgd_step"

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **clipping: float | None,
    ) -> None:
        super().__init__(learning_rate, **clipping)
        self.momentum = number("SGD", "momentum", momentum)
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"SGD: momentum must be in [0, 1], got {self.momentum}")
        if not isinstance(nesterov, bool):
            raise TypeError(f"SGD: nesterov must be a bool, got {nesterov!r}")
        self.nesterov = nesterov

    @property
    def slots(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def attributes(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "nesterov": self.nesterov}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.attributes()}


class Adam(Optimizer):
    """Steps scaled by running means of the gradient and of its square.

    ``m += (1 - beta_1)(g - m); v += (1 - beta_2)(g^2 - v);``
    ``p -= lr sqrt(1 - beta_2^step) / (1 - beta_1^step) m / (sqrt(v) + epsilon)``

    Args:
        learning_rate: Finite, at least 0. Default 0.001.
        beta_1: Memory of the mean, in [0, 1). Default 0.9.
        beta_2: Memory of the mean square, in [0, 1). Default 0.999.
        epsilon: Above 0: keeps the division finite. Default 1e-7.
        **clipping: One of clipnorm, clipvalue, global_clipnorm; see :class:`Optimizer`.

    Raises:
        ValueError: an argument is out of range. TypeError: it is no number.

    Source: Kingma & Ba, arXiv:1412.6980, in the form of the end of section 2.

    >>> from brasa.optimizers import Adam
    >>> Adam().hyper()
    (0.001, 1)
    """

    op = "adam_step"

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **clipping: float | None,
    ) -> None:
        super().__init__(learning_rate, **clipping)
        self.beta_1 = number("Adam", "beta_1", beta_1)
        self.beta_2 = number("Adam", "beta_2", beta_2)
        self.epsilon = number("Adam", "epsilon", epsilon)
        for name, beta in (("beta_1", self.beta_1), ("beta_2", self.beta_2)):
            if not 0 <= beta < 1:
                raise ValueError(f"Adam: {name} must be in [0, 1), got {beta}")
        if not 0 < self.epsilon < float("inf"):
            raise ValueError(f"Adam: epsilon must be finite and > 0, got {self.epsilon}")

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "v")

    def attributes(self) -> dict[str, Any]:
        return {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.attributes()}


OPTIMIZERS: dict[str, type[Optimizer]] = {"adam": Adam, "sgd": SGD}


def get(identifier: Any) -> Optimizer:
    """The optimizer that a name, a config or an instance stands for.

    >>> from brasa import optimizers
    >>> optimizers.get("sgd").learning_rate
    0.01
    """
    return configurable.resolve("optimizer", identifier, Optimizer, OPTIMIZERS)


serialize = configurable.serialize
