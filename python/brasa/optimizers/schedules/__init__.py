"""Learning rates that follow from the number of the step, counted from 0.

Names, arguments and formulas are Keras's; they are evaluated in float64.
"""

from __future__ import annotations

from typing import Any

from brasa import configurable
from brasa.optimizers.schedules.base import LearningRateSchedule
from brasa.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from brasa.optimizers.schedules.decay_rate import ExponentialDecay, InverseTimeDecay
from brasa.optimizers.schedules.piecewise import PiecewiseConstantDecay
from brasa.optimizers.schedules.polynomial import PolynomialDecay

__all__ = [
    "SCHEDULES",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]

SCHEDULES: dict[str, type[LearningRateSchedule]] = {
    schedule.__name__: schedule
    for schedule in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}


def deserialize(config: Any) -> LearningRateSchedule:
    """The schedule that ``serialize`` described."""
    schedule = configurable.deserialize("learning-rate schedule", config, SCHEDULES)
    assert isinstance(schedule, LearningRateSchedule)
    return schedule


serialize = configurable.serialize
