"""Where weights have to stay: brought back there after each step of an optimizer. Keras's names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from brasa import configurable, ops
from brasa.configurable import Configurable
from brasa.ops.arguments import number, whole
from brasa.ops.dispatch import Tensor

# What norms are enlarged by before anything is divided by them: Keras's backend.epsilon().
_EPSILON = 1e-7


class Constraint(Configurable):
    """Base class: ``__call__`` gives for a weight after a step the values that it shall have.

    One of your own is made of :mod:`brasa.ops`, and runs as a part of the training step. It takes
    and returns a tensor of the weight's shape. ``load_model`` finds its class in
    ``custom_objects``; ``get_config`` returns the arguments of its constructor. The critic of a
    Wasserstein GAN has its weights clipped (Arjovsky et al., arXiv:1701.07875):

    >>> from brasa import constraints, layers, ops
    >>> class Clipped(constraints.Constraint):
    ...     def __call__(self, w):
    ...         return ops.clip(w, -0.01, 0.01)
    >>> Clipped()([[0.5, -0.001]])
    array([[ 0.01 , -0.001]], dtype=float32)
    >>> layers.Dense(1, kernel_constraint=Clipped()).kernel_constraint
    Clipped()
    """

    def __call__(self, w: Tensor) -> Tensor:
        """The values that the weight shall have."""
        return w


class NonNeg(Constraint):
    """No weight below 0: ``max(w, 0)``.

    >>> from brasa import constraints
    >>> constraints.NonNeg()([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """

    def __call__(self, w: Tensor) -> Tensor:
        return ops.maximum(w, 0.0)


class MaxNorm(Constraint):
    """Vectors of a Euclidean norm of at most ``max_value``: ``w * min(n, max_value) / (n + 1e-7)``.

    Args:
        max_value: At least 0. Default 2.
        axis: One axis or several that a vector lies along. Default 0, for each unit of a Dense
            layer what comes in; for each filter of a Conv2D layer it is ``(0, 1, 2)``.

    Raises:
        ValueError: out of range. TypeError: of another type.

    >>> from brasa import constraints
    >>> constraints.MaxNorm(1.0)([[3.0, 0.6], [4.0, 0.0]]).round(3)
    array([[0.6, 0.6],
           [0.8, 0. ]], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: int | list[int] | tuple[int, ...] = 0) -> None:
        self.max_value = _norm("MaxNorm", "max_value", max_value)
        self.axis = _axis("MaxNorm", axis)

    def __call__(self, w: Tensor) -> Tensor:
        norms = _norms(w, self.axis)
        return _rescaled(w, ops.minimum(norms, self.max_value), norms)

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class UnitNorm(Constraint):
    """Vectors of Euclidean norm 1: ``w / (n + 1e-7)``.

    Args:
        axis: See MaxNorm. Default 0.

    Raises:
        TypeError: the axis is no whole number.

    >>> from brasa import constraints
    >>> constraints.UnitNorm()([[3.0], [4.0]]).round(3)
    array([[0.6],
           [0.8]], dtype=float32)
    """

    def __init__(self, axis: int | list[int] | tuple[int, ...] = 0) -> None:
        self.axis = _axis("UnitNorm", axis)

    def __call__(self, w: Tensor) -> Tensor:
        return ops.divide(w, ops.scale(_norms(w, self.axis), 1.0, _EPSILON))

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Vectors of a Euclidean norm between two limits.

    Each becomes ``w * (rate * clip(n, min_value, max_value) + (1 - rate) * n) / (n + 1e-7)``.

    Args:
        min_value: At least 0. Default 0.
        max_value: At least ``min_value``. Default 1.
        rate: How much of the way to the limit is gone in each step, from 0 to 1. Default 1.
        axis: See MaxNorm. Default 0.

    Raises:
        ValueError: out of range. TypeError: of another type.

    >>> from brasa import constraints
    >>> constraints.MinMaxNorm(1.0, 2.0, rate=0.5)([[3.0], [4.0]]).round(3)
    array([[2.1],
           [2.8]], dtype=float32)
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | list[int] | tuple[int, ...] = 0,
    ) -> None:
        own = "MinMaxNorm"
        self.min_value = _norm(own, "min_value", min_value)
        self.max_value = _norm(own, "max_value", max_value)
        if self.min_value > self.max_value:
            raise ValueError(
                f"{own}: max_value must be >= min_value {self.min_value}, got {self.max_value}"
            )
        self.rate = number(own, "rate", rate)
        if not 0 <= self.rate <= 1:
            raise ValueError(f"{own}: rate must be from 0 to 1, got {self.rate}")
        self.axis = _axis(own, axis)

    def __call__(self, w: Tensor) -> Tensor:
        norms = _norms(w, self.axis)
        limited = ops.clip(norms, self.min_value, self.max_value)
        wanted = ops.add(ops.scale(limited, self.rate), ops.scale(norms, 1.0 - self.rate))
        return _rescaled(w, wanted, norms)

    def get_config(self) -> dict[str, Any]:
        limits = {"min_value": self.min_value, "max_value": self.max_value}
        return {**limits, "rate": self.rate, "axis": self.axis}


CONSTRAINTS: dict[str, type[Constraint]] = {
    "max_norm": MaxNorm,
    "min_max_norm": MinMaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
}


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm  # as in Keras


def get(identifier: Any, what: str = "constraint", own: Any = None) -> Constraint | None:
    """The constraint that a name, a config or an instance stands for; None for None.

    ``own`` is a class of the user's own that a config may describe, too.

    Raises:
        ValueError: a name is unknown. TypeError: it is none of these.

    >>> from brasa import constraints
    >>> constraints.get("max_norm")
    MaxNorm(max_value=2.0, axis=0)
    """
    if identifier is None:
        return None
    if own is not None and isinstance(identifier, Mapping):
        made: Constraint = configurable.deserialize(what, identifier, {own.__name__: own})
        return made
    return configurable.resolve(what, identifier, Constraint, CONSTRAINTS)


def serialize(constraint: Constraint | None) -> dict[str, Any] | None:
    """Class and arguments; None for None."""
    return None if constraint is None else configurable.serialize(constraint)


def deserialize(config: Any, custom_objects: Any = None) -> Constraint | None:
    """The constraint that ``serialize`` described; None for None.

    ``custom_objects`` are classes of the user's own, by name.

    Raises:
        ValueError: ``config`` is no description, or of an unknown class. TypeError:
            ``custom_objects`` is no dictionary of classes.

    >>> from brasa import constraints
    >>> constraints.deserialize(constraints.serialize(constraints.MaxNorm(3.0))).max_value
    3.0
    """
    if config is None:
        return None
    classes = configurable.made_by(CONSTRAINTS)
    made: Constraint = configurable.deserialize("constraint", config, classes, custom_objects)
    return made


def _norms(w: Tensor, axis: int | list[int]) -> Tensor:
    return ops.sqrt(ops.sum(ops.square(w), axis, keepdims=True))


def _rescaled(w: Tensor, wanted: Tensor, norms: Tensor) -> Tensor:
    return ops.multiply(w, ops.divide(wanted, ops.scale(norms, 1.0, _EPSILON)))


def _norm(owner: str, name: str, value: Any) -> float:
    norm = number(owner, name, value)
    if not 0 <= norm < math.inf:
        raise ValueError(f"{owner}: {name} must be finite and >= 0, got {norm}")
    return norm


def _axis(owner: str, axis: Any) -> int | list[int]:
    if isinstance(axis, (list, tuple)):
        return [whole(owner, "axis", one) for one in axis]
    return whole(owner, "axis", axis)
