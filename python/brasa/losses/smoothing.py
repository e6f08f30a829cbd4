"""Targets drawn towards "could be any"."""

from __future__ import annotations

from typing import Any

from brasa.ops.arguments import number


def smoothing(owner: str, value: Any) -> float:
    """A label_smoothing: ValueError unless it is in [0, 1)."""
    share = number(owner, "label_smoothing", value)
    if not 0 <= share < 1:
        raise ValueError(f"{owner}: label_smoothing must be in [0, 1), got {value}")
    return share


def smoothed(target: Any, share: float, to: float) -> Any:
    """``(1 - s) t + s to``, of arrays and symbols."""
    return (1.0 - share) * target + share * to if share else target
