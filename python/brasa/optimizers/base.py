"""What all optimizers have: a learning rate, weight decay, clipping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from brasa.configurable import described
from brasa.ops.optimizers import check_learning_rate
from brasa.optimizers.applying import apply_step
from brasa.optimizers.arguments import clipping_of
from brasa.optimizers.averages import HasAverages
from brasa.optimizers.held import Slots
from brasa.optimizers.phase import AVERAGE
from brasa.optimizers.rates import HasRate
from brasa.optimizers.schedules import LearningRateSchedule
from brasa.optimizers.sparing import Sparing
from brasa.optimizers.variables import HasVariables

if TYPE_CHECKING:
    from typing_extensions import Self  # typing has it from Python 3.11 on


# What may change between steps.
_FREE = frozenset({"learning_rate", "lr", "iterations", "steps", "phase"})
_LIMITS = frozenset({"clipnorm", "clipvalue", "global_clipnorm"})
# Arguments that configs have where they are not None or False.
_OPTIONS = frozenset(
    {
        "weight_decay",
        "use_ema",
        "ema_momentum",
        "ema_overwrite_frequency",
        "gradient_accumulation_steps",
    }
)


class Optimizer(HasRate, HasAverages, Sparing, HasVariables):
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

    ``use_ema`` keeps an average of each weight, ``average = ema_momentum average +
    (1 - ema_momentum) weight`` after each step, which begins as what the first step makes of the
    weight. The weights become their averages when ``fit`` ends, or where
    ``finalize_variable_values`` is called; with ``ema_overwrite_frequency`` also in each step of
    that number. Averages of the weights generalize better than the last of them (Polyak &
    Juditsky, SIAM J. Control Optim. 30, 1992).

    ``gradient_accumulation_steps``: only each such step updates, by the mean of the gradients since
    the update before, clipped and decayed then: a large batch in parts. ``iterations`` counts the
    updates; a schedule goes by all steps, as in Keras.

    ``name`` is kept, and read by nobody here; Keras's optimizers have one.
    """

    op: ClassVar[str]
    """Name of the op that updates one flat span of parameters."""
    whole_weights: ClassVar[bool] = False
    """Whether a span is one weight, all of it; else any weights that lie side by side."""

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None:
        own = type(self).__name__
        if not isinstance(name, (str, type(None))):
            raise TypeError(f"{own}: name must be a string, got {name!r}")
        self._name = name
        self._spare([], [])
        self._set_phases(
            use_ema, ema_momentum, ema_overwrite_frequency, gradient_accumulation_steps
        )
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
        if name not in _OPTIONS and name not in self.get_config():
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
    def clipvalue(self) -> float | None:
        """The limit of each element of the gradients."""
        return self.clipping.get("clipvalue")

    @property
    def clipnorm(self) -> float | None:
        """The limit of the norm of each weight's gradient."""
        return self.clipping.get("clipnorm")

    @property
    def global_clipnorm(self) -> float | None:
        """The limit of the norm of all gradients together."""
        return self.clipping.get("global_clipnorm")

    @property
    def first_values(self) -> dict[str, float]:
        """What slots hold before the first step, where that is not 0."""
        return {}

    def _first_slots(self, weight: Any) -> Slots:
        first = self.first_values
        return tuple(
            weight.numpy()
            if name == AVERAGE
            else np.full(weight.shape, first.get(name, 0.0), np.float32)
            for name in self.buffers
        )

    def attributes(self) -> dict[str, Any]:
        """The attributes of the op, but for what comes first: decay and penalties."""
        return {}

    def hyper(self) -> tuple[float, int]:
        """What may change from step to step: the rate, and the number of the update, from 1."""
        if self.phase is not None:
            return self.learning_rate, self.iterations + 1
        return self.learning_rate, self._steps + 1

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

    def apply(self, grads: Sequence[Any], trainable_variables: Iterable[Any] | None = None) -> None:
        """``apply_gradients(zip(grads, trainable_variables))``.

        Default: the weights of ``build``, of the steps before, or those that its model trains.
        """
        weights = self.trained() if trainable_variables is None else list(trainable_variables)
        apply_step(self, grads, weights)

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
        rate = float(self._learning_rate) if schedule is None else described(schedule)
        beside = {**self._phase_config(), **self._spared_config()}
        return {"learning_rate": rate, **decay, **self.clipping, **beside, **name}
