"""Losses that are kinds of one op. Contract: csrc/ops/loss.h."""

from __future__ import annotations

from typing import Any, ClassVar

from brasa import targets
from brasa.graph.symbol import Symbol
from brasa.losses.base import Loss
from brasa.losses.reductions import MEAN, from_mean, keeps_rows
from brasa.ops.dispatch import run
from brasa.there import host_of


class LossOfKind(Loss):
    """Names a kind of the op ``loss``, and checks the targets that it takes."""

    targets_are_alike = True
    takes_labels: ClassVar[bool] = False  # class numbers, not numbers in the predictions' shape

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(type(self).name if name is None else name, reduction, dtype)

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

    def target_of(self, y: Any, shape: tuple[int, ...]) -> Any:
        wanted = "int32" if self.takes_labels else "float32"
        if y.dtype != wanted:
            raise TypeError(f"{self.name}: y_true must be {wanted}, got {y.dtype}")
        full = shape[:-1] if self.takes_labels else shape
        if y.shape in ((*full, 1), full[:-1] if full[-1:] == (1,) else full):
            y = y.graph.view(y, full)  # a last axis of 1 may be there, or not
        return y

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
        if keeps_rows(self.reduction):
            return super().record(predictions, target, weight, masked)
        operands = [*self.operands(predictions, target), weight]
        mean = predictions.graph.add("loss", operands, self.attributes)[0]
        mask = predictions.mask if masked else None
        result: Symbol = from_mean(self.reduction, mean, predictions.shape[:-1], weight, mask)
        return result

    def mean(self, predictions: Any, target: Any, weight: Any) -> Any:
        if keeps_rows(self.reduction):
            return super().mean(predictions, target, weight)
        operands = [*self.operands(predictions, target), weight]
        mean = run("loss", operands, self.attributes)[0]
        return from_mean(self.reduction, host_of(mean), predictions.shape[:-1], weight, None)

    def get_config(self) -> dict[str, Any]:
        named = {} if self.name == type(self).name else {"name": self.name}
        return {**super().get_config(), **named}
