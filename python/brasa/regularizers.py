"""What large weights add to the loss. Contract of the op: csrc/ops/penalty.h."""

from __future__ import annotations

import math
from typing import Any

from brasa import configurable, ops
from brasa.configurable import Configurable
from brasa.ops.arguments import number
from brasa.ops.dispatch import Tensor


class Regularizer(Configurable):
    """Base of the three that there are: ``l1 * sum |w| + l2 * sum w^2``.

    A model adds it for each trainable weight to the loss that ``fit`` and ``evaluate`` tell, and
    its slope to the weight's gradient.

    >>> import numpy as np
    >>> from brasa import regularizers
    >>> float(regularizers.L1L2(l1=0.5, l2=0.25)(np.array([1, -2], np.float32)))
    2.75
    """

    l1 = 0.0
    l2 = 0.0

    def __call__(self, w: Tensor) -> Tensor:
        """What the weight adds to the loss."""
        return ops.penalty(w, self.l1, self.l2)


class L1(Regularizer):
    """``l1 * sum |w|``: draws weights to 0 until many of them are.

    Args:
        l1: Finite, at least 0. Default 0.01.

    Raises:
        ValueError: out of range. TypeError: no number.

    >>> from brasa import regularizers
    >>> float(regularizers.L1(0.5)([1.0, -3.0]))
    2.0
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _factor("L1", "l1", l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """``l2 * sum w^2``: keeps weights small.

    Args:
        l2: Finite, at least 0. Default 0.01.

    Raises:
        ValueError: out of range. TypeError: no number.

    >>> from brasa import regularizers
    >>> float(regularizers.L2(0.5)([1.0, -3.0]))
    5.0
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _factor("L2", "l2", l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class L1L2(Regularizer):
    """``l1 * sum |w| + l2 * sum w^2``.

    Args:
        l1: Finite, at least 0. Default 0.
        l2: Finite, at least 0. Default 0.

    Raises:
        ValueError: out of range. TypeError: no number.

    >>> from brasa import regularizers
    >>> float(regularizers.L1L2(l1=0.5, l2=0.5)([1.0, -3.0]))
    7.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = _factor("L1L2", "l1", l1), _factor("L1L2", "l2", l2)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


REGULARIZERS: dict[str, type[Regularizer]] = {"l1": L1, "l2": L2, "l1_l2": L1L2}


l1, l2, l1_l2 = L1, L2, L1L2  # as most code calls them


def get(identifier: Any, what: str = "regularizer") -> Regularizer | None:
    """The regularizer that a name, a config or an instance stands for; None for None.

    Raises:
        ValueError: a name is unknown. TypeError: it is none of these, or a class of the user's own,
            whose slope the kernels do not know.

    >>> from brasa import regularizers
    >>> regularizers.get("l2")
    L2(l2=0.01)
    """
    if identifier is None:
        return None
    found = configurable.resolve(what, identifier, Regularizer, REGULARIZERS)
    if type(found) not in REGULARIZERS.values():
        raise TypeError(f"{what} must be an L1, L2 or L1L2, got {found!r}")
    return found


def serialize(regularizer: Regularizer | None) -> dict[str, Any] | None:
    """Class and arguments; None for None."""
    return None if regularizer is None else configurable.serialize(regularizer)


def deserialize(config: Any, custom_objects: Any = None) -> Regularizer | None:
    """The regularizer that ``serialize`` described; None for None.

    Raises:
        ValueError: ``config`` is no description, or of an unknown class. TypeError: there
            are ``custom_objects``, whose slopes the kernels do not know.

    >>> from brasa import regularizers
    >>> float(regularizers.deserialize(regularizers.serialize(regularizers.L2(0.5)))([1.0, 2.0]))
    2.5
    """
    if config is None:
        return None
    if custom_objects:
        raise TypeError(
            f"regularizer: custom_objects must be empty: there are L1, L2 and L1L2 alone, got "
            f"{custom_objects!r}"
        )
    classes = configurable.made_by(REGULARIZERS)
    made: Regularizer = configurable.deserialize("regularizer", config, classes)
    return made


def _factor(owner: str, name: str, value: Any) -> float:
    factor = number(owner, name, value)
    if not 0 <= factor < math.inf:
        raise ValueError(f"{owner}: {name} must be finite and >= 0, got {factor}")
    return factor
