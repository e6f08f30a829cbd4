"""What a plan depends on, and what compile() decided for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from brasa.losses import Loss
from brasa.metrics import Metric
from brasa.optimizers import Optimizer

MODES = ("train", "test", "gradients", "predict")

# Gradients of the losses need them, predictions do not.
TRAINING = ("train", "gradients")

# What gives outputs, without a loss: predictions, and ``model(x, training=True)``.
FORWARD = "forward"
OUTPUTS = ("predict", FORWARD)


class Feed(NamedTuple):
    """One array that a plan reads: its element type and the shape of one row."""

    dtype: str
    row: tuple[int, ...]


class PlanKey(NamedTuple):
    """What a plan depends on, beside the model: one plan is cached for each key.

    Looked up at every batch: a tuple's hash takes a tenth of a dataclass's.
    """

    mode: str  # one of MODES, or FORWARD
    batch: int
    inputs: tuple[Feed, ...]
    targets: tuple[Feed, ...]
    weights: tuple[Feed, ...]  # sample weights for each output, where they are given
    indexed: bool  # rows are picked by an index from a whole data set
    threads: int
    implementation: str
    winograd: bool | str
    precision: str = "float32"


@dataclass
class Objective:
    """What compile() decided."""

    optimizer: Optimizer
    losses: list[Loss]
    loss_weights: list[float]
    metrics: list[list[Metric]]  # for each output
    weighted_metrics: list[list[Metric]]  # for each output: those that weigh the samples
    precision: str = "float32"  # of products: brasa.runtime.precisions()

    def metric_names(self, output: int) -> list[str]:
        """What the metrics of an output are called, those that weigh the samples last, as Keras."""
        names = [metric.name for metric in self.metrics[output]]
        for metric in self.weighted_metrics[output]:
            names.append(f"weighted_{metric.name}" if metric.name in names else metric.name)
        return names
