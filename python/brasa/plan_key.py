"""What a plan depends on, and what compile() decided for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from brasa.losses import Loss
from brasa.losses.base import NoLoss
from brasa.metrics import Metric
from brasa.metrics.in_plan import PlanMetric
from brasa.optimizers import Optimizer
from brasa.optimizers.phase import Phase

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
    settings: int = 0  # of layers: see brasa.graph.settings
    phase: Phase | None = None  # of a step that trains


class Reading(NamedTuple):
    """A metric as logs name it."""

    name: str
    metric: Metric
    output: int
    weighs: bool  # by the samples' weights


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
        """What the metrics of an output are called, those that weigh the samples last, as Keras.

        The second of a name gets a number: ``["auc", "auc_1"]``.
        """
        names = [metric.name for metric in self.metrics[output]]
        for metric in self.weighted_metrics[output]:
            names.append(f"weighted_{metric.name}" if metric.name in names else metric.name)
        taken = {"loss"}
        for at, name in enumerate(names):
            number = 0
            while names[at] in taken:
                number += 1
                names[at] = f"{name}_{number}"
            taken.add(names[at])
        return names

    def readings(self, output: int, prefix: str = "") -> list[Reading]:
        """The metrics of an output by their names."""
        plain, weighted = self.metrics[output], self.weighted_metrics[output]
        flags = [False] * len(plain) + [True] * len(weighted)
        each = zip(self.metric_names(output), [*plain, *weighted], flags, strict=True)
        return [Reading(prefix + name, metric, output, weighs) for name, metric, weighs in each]

    def has_loss(self, output: int) -> bool:
        """Whether compile() was given a loss for this output."""
        return not isinstance(self.losses[output], NoLoss)

    @property
    def wants_targets(self) -> bool:
        """Whether there is anything to compare predictions with targets."""
        kinds = [*self.metrics, *self.weighted_metrics]
        return any(kinds) or any(map(self.has_loss, range(len(self.losses))))

    def is_watched(self, output: int) -> bool:
        """Whether metrics read this output that are no part of the plans."""
        return any(not reading.metric.in_plan for reading in self.readings(output))


def in_plan(metrics: Iterable[Metric]) -> list[PlanMetric]:
    """Those that plans compute."""
    return [m for m in metrics if isinstance(m, PlanMetric) and m.in_plan]
