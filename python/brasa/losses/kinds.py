"""Losses that are kinds of one op. Contract: csrc/ops/loss.h."""

from __future__ import annotations

from typing import Any

from brasa import targets
from brasa.graph.symbol import Symbol
from brasa.losses.base import Loss
from brasa.ops.dispatch import floats, run, where_it_lies
from brasa.ops.losses import sample_weights
from brasa.there import host_of


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

    def record(
        self,
        predictions: Symbol,
        target: Symbol,
        weight: Symbol | None = None,
        masked: bool = False,
    ) -> Symbol:
        operands = [*targets.operands(predictions, target), weight]
        return predictions.graph.add("loss", operands, self.attributes)[0]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of arrays, now; of symbols the scalar, as a part of a loss of one's own."""
        predictions = floats(self.name, "y_pred", y_pred)
        if isinstance(predictions, Symbol):
            return self.record(predictions, y_true, sample_weight)
        y_true = where_it_lies(self.name, "y_true", y_true)
        target = self.prepare(y_true, predictions.shape)
        rows = predictions.shape[:-1]
        weight = None if sample_weight is None else sample_weights(self.name, sample_weight, rows)
        operands = [*targets.operands(predictions, target), weight]
        return float(host_of(run("loss", operands, self.attributes)[0]).item())
