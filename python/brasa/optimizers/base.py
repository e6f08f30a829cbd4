"""What all optimizers have: a learning rate, weight decay, clipping, a count of the steps."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from brasa.configurable import described
from brasa.ops.arguments import whole
from brasa.ops.optimizers import check_learning_rate
from brasa.optimizers import schedules
from brasa.optimizers.applying import apply_step
from brasa.optimizers.arguments import clipping_of
from brasa.optimizers.held import Held
from brasa.optimizers.schedules import LearningRateSchedule

if TYPE_CHECKING:
    from typing_extensions import Self  # typing has it from Python 3.11 on


class Named(Protocol):
    """What weights are to an optimizer."""

    name: str


W = TypeVar("W", bound=Named)

# What may change between steps.
_FREE = frozenset({"learning_rate", "lr", "iterations"})
_LIMITS = frozenset({"clipnorm", "clipvalue", "global_clipnorm"})


class Optimizer(Held):
    """Base class: which op updates the weights, with which attributes and buffers.

    ``learning_rate`` may change between steps; everything else is fixed when a model is compiled,
    and RuntimeError then refuses other values.
    It may be a schedule of :mod:`brasa.optimizers.schedules`, which then says it for each step.

    An optimizer counts the steps of one model: a second model needs one of its own.

    >>> from brasa import optimizers
    >>> first = optimizers.Adam(0.01)
    >>> second = optimizers.Adam.from_config(first.get_config())

    ``weight_decay`` takes that share of each weight, times the learning rate, away in each step,
    but for weights that ``exclude_from_weight_decay`` names.

    Gradients are clipped before they are used where one of three limits is given, as in Keras:
    ``clipvalue`` for each element, ``clipnorm`` for the Euclidean norm of each weight's gradient,
    ``global_clipnorm`` for the norm of all gradients together.

    ``name`` is kept, and read by nobody here; Keras's optimizers have one.
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
        name: str | None = None,
    ) -> None:
        own = type(self).__name__
        if not isinstance(name, (str, type(None))):
            raise TypeError(f"{own}: name must be a string, got {name!r}")
        self._name = name
        self._schedule: LearningRateSchedule | None = None
        self._learning_rate = 0.0
        self._spared: list[Any] = []  # weights, or their names where a file gave them
        self._patterns: list[str] = []
        self._is_compiled = False
        self.iterations = 0
        self.learning_rate = learning_rate
        self.weight_decay: float | None = None
        if weight_decay is not None:
            self.weight_decay = check_learning_rate(own, weight_decay, "weight_decay")
        self.clipping = clipping_of(
            own, {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and name not in _FREE:
            self._check_setting(name, value)
        super().__setattr__(name, value)

    def _check_setting(self, name: str, value: Any) -> None:
        """RuntimeError for what no step would take: plans hold the others, limits are arguments."""
        own = type(self).__name__
        if name in _LIMITS:
            raise RuntimeError(f"{own}: {name} is an argument: {own}({name}={value!r})")
        holder = self.holder()
        if holder is None or getattr(self, name, value) == value:
            return
        if name != "weight_decay" and name not in self.get_config():
            return
        raise RuntimeError(
            f"{own}: {name} is fixed since model {holder.name!r} was compiled with it, and cannot "
            f"be set to {value!r}: call model.compile with {own}({name}={value!r}) instead"
        )

    @property
    def name(self) -> str:
        """What it is called: ``name``, or its class in small letters."""
        return type(self).__name__.lower() if self._name is None else self._name

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
        rate = schedule(self._iterations)
        if type(rate) is float and 0 <= rate < math.inf:
            return rate
        return check_learning_rate(type(schedule).__name__, rate)

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

    def count_step(self) -> None:
        """Note that a step was made."""
        self._iterations += 1

    def hyper(self) -> tuple[float, int]:
        """What may change from step to step: the learning rate and the step's number, from 1."""
        return self.learning_rate, self._iterations + 1

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> None:
        """One step by pairs of a gradient and a weight, as ``zip(gradients, weights)`` gives them.

        Clipping, decay and schedule count as in training; regularizers do not. The optimizer of a
        compiled model goes on with what it remembers there: it takes weights that this trains.

        >>> from brasa import layers, optimizers
        >>> layer = layers.Dense(1, use_bias=False, kernel_initializer="ones")
        >>> layer.build((None, 1))
        >>> optimizers.SGD(0.25).apply_gradients(zip([[[2.0]]], layer.weights))
        >>> layer.get_weights()
        [array([[0.5]], dtype=float32)]
        """
        pairs = list(grads_and_vars)
        apply_step(self, [gradient for gradient, _ in pairs], [weight for _, weight in pairs])

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any]) -> None:
        """``apply_gradients(zip(grads, trainable_variables))``."""
        apply_step(self, grads, trainable_variables)

    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Say which weights do not decay, before ``compile``. A second call replaces the first.

        Args:
            var_list: Weights, such as ``[layer.bias]``.
            var_names: Regular expressions, such as "bias" or "gamma|beta": weights in whose own
                name (without the layer's) one of them is found.

        Raises:
            RuntimeError: a model is compiled with the optimizer already.
            ValueError: a regular expression is none. TypeError: an argument is of another type.
        """
        own = f"{type(self).__name__}.exclude_from_weight_decay"
        if self._is_compiled:
            raise RuntimeError(f"{own}: call it before model.compile")
        for name, given in (("var_list", var_list), ("var_names", var_names)):
            if isinstance(given, str) or not isinstance(given, (Iterable, type(None))):
                raise TypeError(f"{own}: {name} must be a list, got {given!r}")
        weights, patterns = list(var_list or ()), list(var_names or ())
        for weight in weights:
            if not isinstance(getattr(weight, "name", None), str):
                raise TypeError(f"{own}: var_list must hold weights of layers, got {weight!r}")
        for pattern in patterns:
            if not isinstance(pattern, str):
                raise TypeError(f"{own}: var_names must hold strings, got {pattern!r}")
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{own}: {pattern!r} is no regular expression: {error}") from None
        self._spared, self._patterns = weights, patterns

    def spared(self, weights: Iterable[W]) -> set[W]:
        """Those of a model's weights that do not decay; asked when the model is compiled."""
        self._is_compiled = True
        names = set(self._spared_names())
        return {
            weight
            for weight in weights
            if weight.name in names
            or any(re.search(pattern, weight.name.split("/")[-1]) for pattern in self._patterns)
        }

    def _spared_names(self) -> list[str]:
        """A layer may get another name until its model is compiled."""
        return [weight if isinstance(weight, str) else weight.name for weight in self._spared]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        arguments = dict(config)
        spared = arguments.pop("excluded_from_weight_decay", None)
        made = cls(**arguments)
        if spared is not None:
            made.exclude_from_weight_decay(var_names=spared["patterns"])
            made._spared = [str(name) for name in spared["names"]]
        return made

    def get_config(self) -> dict[str, Any]:
        schedule = self._schedule
        name = {} if self._name is None else {"name": self._name}
        decay = {} if self.weight_decay is None else {"weight_decay": self.weight_decay}
        rate = self._learning_rate if schedule is None else described(schedule)
        spared: dict[str, Any] = {}
        if self._spared or self._patterns:
            names, patterns = self._spared_names(), self._patterns
            spared = {"excluded_from_weight_decay": {"names": names, "patterns": patterns}}
        return {"learning_rate": rate, **decay, **self.clipping, **spared, **name}
