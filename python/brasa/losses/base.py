"""What all losses share."""

from __future__ import annotations

from typing import Any, ClassVar

from brasa import targets
from brasa.configurable import Configurable
from brasa.graph.symbol import Symbol
from brasa.ops.dispatch import floats, run, where_it_lies
from brasa.ops.losses import sample_weights
from brasa.there import host_of


class Loss(Configurable):
    """Base class: names a kind of the op ``loss``, and checks the targets that it takes."""

    name: ClassVar[str] = "loss"

    @property
    def kind(self) -> str:
        """Which of the losses of csrc/ops/loss.h this is."""
        raise NotImplementedError(f"{type(self).__name__} does not define kind")

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the op."""
        return {"kind": self.kind}

    def prepare(self, y: Any, shape: tuple[int, ...]) -> Any:
        """All targets as the op takes them, checked: int32 class numbers, or float32.

        Args:
            y: Targets, one row for each sample.
            shape: Shape of the predictions for all rows of ``y``.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define prepare()")

    def record(self, predictions: Symbol, target: Symbol, weight: Symbol | None = None) -> Symbol:
        """Add the loss to the predictions' graph; returns the scalar."""
        operands = [*targets.operands(predictions, target), weight]
        return predictions.graph.add("loss", operands, self.attributes)[0]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """The loss of arrays, now."""
        predictions = floats(self.name, "y_pred", y_pred)
        y_true = where_it_lies(self.name, "y_true", y_true)
        target = self.prepare(y_true, predictions.shape)
        rows = predictions.shape[:-1]
        weight = None if sample_weight is None else sample_weights(self.name, sample_weight, rows)
        operands = [*targets.operands(predictions, target), weight]
        return float(host_of(run("loss", operands, self.attributes)[0]).item())
