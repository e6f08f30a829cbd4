"""Losses that are kinds of one op. Contract: csrc/ops/loss.h."""

from __future__ import annotations

from typing import Any

from brasa import targets
from brasa.graph.symbol import Symbol
from brasa.losses.base import Loss
from brasa.ops.dispatch import run


class LossOfKind(Loss):
    """Names a kind of the op ``loss``, and checks the targets that it takes."""

    targets_are_alike = True

    def __init__(self) -> None:  # the name is the kind's
        pass

    @property
    def kind(self) -> str:
        """Which of the losses of csrc/ops/loss.h this is."""
        raise NotImplementedError(f"{type(self).__name__} does not define kind")

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the op."""
        return {"kind": self.kind}

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define prepare()")

    def typical(self, row: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        return "float32", row

    def operands(self, predictions: Any, target: Any) -> list[Any]:
        """``[predictions, labels, dense target]`` of the op, of symbols and arrays alike."""
        return targets.operands(predictions, target)

    def record(
        self,
        predictions: Symbol,
        target: Symbol,
        weight: Symbol | None = None,
        masked: bool = False,
    ) -> Symbol:
        operands = [*self.operands(predictions, target), weight]
        return predictions.graph.add("loss", operands, self.attributes)[0]

    def mean(self, predictions: Any, target: Any, weight: Any) -> Any:
        operands = [*self.operands(predictions, target), weight]
        return run("loss", operands, self.attributes)[0]
