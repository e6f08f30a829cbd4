"""Constant pieces between given steps."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Any

from brasa.ops.arguments import number
from brasa.optimizers.arguments import check_rate
from brasa.optimizers.schedules.base import LearningRateSchedule


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to the step ``boundaries[0]``, that one too, ``values[1]`` from then on.

    Args:
        boundaries: The last step of each piece but the last one, in rising order.
        values: The rate of each piece: one more than boundaries, finite, at least 0.
        name: Taken for Keras's sake.

    Raises:
        ValueError: an argument is out of range. TypeError: it holds no numbers.

    >>> from brasa.optimizers.schedules import PiecewiseConstantDecay
    >>> rate = PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.1])
    >>> rate(100), rate(101), rate(1000)
    (1.0, 0.5, 0.1)
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        own = type(self).__name__
        for argument, given in (("boundaries", boundaries), ("values", values)):
            if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
                raise TypeError(f"{own}: {argument} must be a list of numbers, got {given!r}")
        self.boundaries = [number(own, f"boundaries[{i}]", b) for i, b in enumerate(boundaries)]
        self.values = [check_rate(own, f"values[{i}]", value) for i, value in enumerate(values)]
        self.name = name
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"{own}: values must have one entry more than boundaries, got {len(self.values)} "
                f"and {len(self.boundaries)}"
            )
        rises = all(a < b for a, b in zip(self.boundaries, self.boundaries[1:], strict=False))
        if not rises or any(math.isnan(b) for b in self.boundaries):
            raise ValueError(f"{own}: boundaries must rise, got {list(boundaries)}")

    def __call__(self, step: int) -> float:
        return self.values[bisect.bisect_left(self.boundaries, step)]

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
