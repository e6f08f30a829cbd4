"""What a model was compiled with: optimizer, loss and metrics."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from brasa.layers.weighted import penalties_of
from brasa.plan_key import Objective
from brasa.structure import Structure, one_or_list

if TYPE_CHECKING:
    from brasa.metrics import Metric
    from brasa.optimizers import Optimizer


class Compiled(Structure):
    """Models as ``compile`` left them."""

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer that compile() chose."""
        waiting = self._compile_arguments.get("optimizer")
        if self._engine is None and waiting is not None:
            chosen: Optimizer = waiting
            return chosen
        return self._compiled().optimizer

    @property
    def loss(self) -> Any:
        """What compile() got as loss, or the losses that a file described; None before."""
        given = vars(self).get("loss", self._compile_arguments.get("loss"))
        if isinstance(given, list) and self.objective is not None:
            return one_or_list(list(self.objective.losses))
        return given

    @loss.setter
    def loss(self, value: Any) -> None:  # a subclass may call what it likes so
        vars(self)["loss"] = value

    @property
    def metrics_names(self) -> list[str]:
        """What the numbers of ``evaluate`` are, in their order; [] before ``compile``."""
        if self.objective is None:
            return []
        found = self.engine.readouts("test")
        names = [item if isinstance(item, str) else item.name for item in found]
        return list(self.engine.logs(dict.fromkeys(names, 0.0)))

    @property
    def metrics(self) -> list[Metric]:
        """The metrics of ``compile``, output by output; ``result()`` tells what they came to."""
        objective = self.objective
        outputs = () if objective is None else range(len(objective.losses))
        return [r.metric for i in outputs for r in objective.readings(i)] if objective else []

    def reset_metrics(self) -> None:
        """Have the metrics forget what they saw, as ``fit`` and ``evaluate`` do at first."""
        for metric in self.metrics:
            metric.reset_state()

    @property
    def losses(self) -> list[float]:
        """What the regularizers of weights add to the loss now, one number for each weight.

        What layers add in ``call`` follows from the data: ``evaluate`` has it in the loss.
        """
        return penalties_of(self.trainable_weights)

    def _compiled(self) -> Objective:
        # The engine complains where compile() waits for the input shape.
        objective = self.engine.objective if self._compile_arguments else None
        if objective is None:
            raise RuntimeError(
                f"model {self.name!r} is not compiled: call "
                "model.compile(optimizer='adam', loss=...) first"
            )
        return objective

    def _tell_complaints(self, stacklevel: int = 3) -> None:
        if not self._complaints:
            return
        complaints, self._complaints = self._complaints, []
        for complaint in complaints:
            warnings.warn(complaint, UserWarning, stacklevel=stacklevel)
