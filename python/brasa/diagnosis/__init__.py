"""Why does a model not learn? What one training step shows, layer by layer and step by step.

``model.diagnose(x, y)`` runs one training step on copies, with every layer's output and gradient
kept, and says what is wrong in words. Nothing of the model changes.
"""

from __future__ import annotations

from brasa.diagnosis.faults import Fault, first_fault
from brasa.diagnosis.record import record
from brasa.diagnosis.report import Diagnosis
from brasa.diagnosis.rows import LayerRow, WeightRow, rows_of
from brasa.diagnosis.steps import StepNorms
from brasa.diagnosis.trail import Step, Trail
from brasa.diagnosis.verdict import Finding, findings_of
from brasa.engine import Engine
from brasa.feeds import DataSet

__all__ = [
    "Diagnosis",
    "Fault",
    "Finding",
    "LayerRow",
    "Step",
    "StepNorms",
    "Trail",
    "WeightRow",
    "diagnose",
]


def diagnose(engine: Engine, data: DataSet) -> Diagnosis:
    """The diagnosis of one batch, from the state that the engine of a compiled model is in.

    Raises:
        ValueError: stateful layers hold the states of another number of sequences.
    """
    step = record(engine, data)
    rows = rows_of(step)
    fault = first_fault(step)
    return Diagnosis(step.loss, rows, fault, findings_of(rows, step.loss, fault))
