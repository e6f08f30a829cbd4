"""Losses that a function of this package computes by ops; their gradients follow from these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from brasa import targets
from brasa.graph.symbol import Symbol
from brasa.losses.base import Loss
from brasa.losses.reductions import MEAN
from brasa.ops.dispatch import floats

# As in csrc/ref/loss.cpp, and as Keras's.
EPSILON = 1e-7


def operands_of(op: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets and predictions as float32, or as the symbols they are."""
    if not isinstance(y_true, Symbol):
        y_true = np.asarray(y_true, np.float32)
    return y_true, floats(op, "y_pred", y_pred)


class LossOfFunction(Loss):
    """A loss of its ``function``, which takes targets of the predictions' shape.

    The constructor's arguments besides those of :class:`Loss` are those of the function, under
    ``arguments``.
    """

    function: ClassVar[Callable[..., Any]]
    targets_are_alike = True

    def __init__(
        self,
        reduction: str | None = MEAN,
        name: str | None = None,
        dtype: Any = None,
        **arguments: Any,
    ) -> None:
        super().__init__(type(self).name if name is None else name, reduction, dtype)
        self.arguments = arguments

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return type(self).function(y_true, y_pred, **self.arguments)

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        return targets.dense(self.name, y, shape)

    def typical(self, row: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        return "float32", row

    def get_config(self) -> dict[str, Any]:
        named = {} if self.name == type(self).name else {"name": self.name}
        return {**self.arguments, **super().get_config(), **named}
