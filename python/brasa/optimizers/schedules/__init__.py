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


def deserialize(config: Any, custom_objects: Any = None) -> LearningRateSchedule:
    """The schedule that ``serialize`` described.

    ``custom_objects`` are classes of the user's own, by name.

    Raises:
        ValueError: ``config`` is no description, or of an unknown class. TypeError:
            ``custom_objects`` is no dictionary of classes.

    >>> from brasa.optimizers import schedules
    >>> rate = schedules.ExponentialDecay(1.0, decay_steps=1, decay_rate=0.5)
    >>> schedules.deserialize(schedules.serialize(rate))(3)
    0.125
    """
    what = "learning-rate schedule"
    schedule = configurable.deserialize(what, config, SCHEDULES, custom_objects)
    assert isinstance(schedule, LearningRateSchedule)
    return schedule


serialize = configurable.serialize
