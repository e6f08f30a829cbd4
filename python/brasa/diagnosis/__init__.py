"""Why does a model not learn? What one training step shows, layer by layer and step by step.

``model.diagnose(x, y)`` runs one training step on copies, with every layer's output and gradient
kept, and says what is wrong in words. Nothing of the model changes.
"""

from __future__ import annotations

from brasa.arrays import FloatArray
from brasa.diagnosis.faults import Fault, first_fault
from brasa.diagnosis.recorder import record
from brasa.diagnosis.report import Diagnosis
from brasa.diagnosis.rows import LayerRow, StepNorms, WeightRow, rows_of
from brasa.diagnosis.verdict import Finding, findings_of
from brasa.engine import Engine
from brasa.feeds import DataSet

__all__ = ["Diagnosis", "Fault", "Finding", "LayerRow", "StepNorms", "WeightRow", "diagnose"]


def diagnose(
    engine: Engine, data: DataSet, weights: FloatArray | None = None, iterations: int | None = None
) -> Diagnosis:
    """The diagnosis of one batch.

    Args:
        engine: The engine of a compiled model.
        data: The batch.
        weights: The flat buffer of weights of another moment; the optimizer's slots are then taken
            as zeros. Default: those that the model has.
        iterations: How many steps were made before. Default: those that the optimizer counts.
    """
    step = record(engine, data, weights, iterations)
    rows = rows_of(step)
    fault = first_fault(step)
    return Diagnosis(step.loss, rows, fault, findings_of(rows, step.loss, fault))
