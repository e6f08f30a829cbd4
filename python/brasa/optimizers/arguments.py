"""Checks of constructor arguments that several optimizers share."""

from __future__ import annotations

import math
from typing import Any

from brasa.ops.arguments import number
from brasa.ops.optimizers import check_learning_rate


def check_share(owner: str, name: str, value: Any) -> float:
    """A number in [0, 1)."""
    share = number(owner, name, value)
    if not 0 <= share < 1:
        raise ValueError(f"{owner}: {name} must be in [0, 1), got {share}")
    return share


def check_epsilon(owner: str, value: Any) -> float:
    """A number above 0 that float32 holds."""
    epsilon = number(owner, "epsilon", value)
    if not 0 < epsilon < math.inf:
        raise ValueError(f"{owner}: epsilon must be finite and > 0, got {epsilon}")
    return epsilon


def check_rate(owner: str, name: str, value: Any) -> float:
    """A finite number of at least 0."""
    return check_learning_rate(owner, value, name)


def check_steps(owner: str, name: str, value: Any) -> float:
    """A finite number above 0."""
    steps = number(owner, name, value)
    if not 0 < steps < math.inf:
        raise ValueError(f"{owner}: {name} must be finite and > 0, got {steps}")
    return steps


def check_flag(owner: str, name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{owner}: {name} must be a bool, got {value!r}")
    return value


def clipping_of(owner: str, limits: dict[str, float | None]) -> dict[str, float]:
    """The limit that is given, by its name; at most one."""
    given = {name: limit for name, limit in limits.items() if limit is not None}
    if len(given) > 1:
        raise ValueError(f"{owner}: give only one of {' and '.join(given)}")
    for name, value in given.items():
        limit = given[name] = number(owner, name, value)
        if not (math.isfinite(limit) and limit > 0):
            raise ValueError(f"{owner}: {name} must be finite and > 0, got {limit}")
    return given
