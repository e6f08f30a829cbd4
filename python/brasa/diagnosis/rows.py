"""The numbers of the report, one row for each use of a layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.diagnosis.gates import gate_values, saturated
from brasa.diagnosis.recorder import Record, Recurrence, Seen
from brasa.layers.time import TimeDistributed
from brasa.parameter import Parameter

Array = NDArray[Any]

# A unit that gives 0 by chance for half of the samples does so for 16 in a row once in 65,536
# times. From fewer samples nothing is said about dead units.
FEWEST_FOR_DEAD = 16


@dataclass(frozen=True)
class WeightRow:
    """One trainable weight: Euclidean norms of itself, its gradient, and the step it would take.

    The gradient is that of the loss, before any clipping; the step comes after.
    """

    name: str
    norm: float
    gradient: float
    step: float

    @property
    def update_ratio(self) -> float | None:
        """How long the step is beside the weight; None where the weight is all zeros."""
        return self.step / self.norm if self.norm else None


@dataclass(frozen=True)
class StepNorms:
    """The norm of a gradient at every time step.

    Of a recurrent op it is the gradient by its input: at step t, what the recurrence has carried
    back to step t from all later ones. Elsewhere it is the gradient by the layer's output.
    """

    name: str
    norms: NDArray[np.float64]
    op: str = ""  # lstm, gru, simple_rnn, or none
    backwards: bool = False  # the last step is read first, so that the gradient ends there
    counted: NDArray[np.bool_] | None = None  # False for steps that are padding in all samples

    def ends(self) -> tuple[int, int] | None:
        """The step where the gradient is largest and the one where it ends; None without any."""
        steps = np.arange(len(self.norms))
        steps = steps if self.counted is None else steps[self.counted]
        if not len(steps) or not np.isfinite(self.norms[steps]).all():
            return None
        end = int(steps[-1] if self.backwards else steps[0])
        peak = int(steps[np.argmax(self.norms[steps])])
        if peak != end:
            return peak, end
        # It grows on its way: from the step where it comes in.
        flowing = steps[self.norms[steps] > 0]
        if not len(flowing):
            return None
        return int(flowing[0] if self.backwards else flowing[-1]), end

    @property
    def change(self) -> float:
        """The norm where the gradient ends over that where it is largest, or, if it grows, enters.

        Below 1 it falls, above 1 it grows. 1 where there is nothing to compare.
        """
        ends = self.ends()
        return 1.0 if ends is None else float(self.norms[ends[1]] / self.norms[ends[0]])

    @property
    def text(self) -> str:
        """Such as "falls 1e+06-fold from step 99 to step 0"."""
        ends = self.ends()
        if ends is None:
            return "is 0 at every step" if not self.norms.any() else "is not finite"
        start, end = ends
        if self.change == 0:
            return f"falls to 0 from step {start} to step {end}"
        if self.change < 1:
            return f"falls {1 / self.change:.1g}-fold from step {start} to step {end}"
        if self.change > 1:
            return f"grows {self.change:.1g}-fold from step {start} to step {end}"
        return f"is the same at step {start} and step {end}"


@dataclass(frozen=True)
class LayerRow:
    """What passed through one use of a layer. None stands for "there is none".

    Attributes:
        layer: Name of the layer.
        kind: Its class.
        shape: Shape of its (first) output.
        output: Root mean square of its outputs.
        gradient: Norm of the gradient by its outputs; where the loss takes logits in place of
            probabilities, by the logits. None where training needs none: before the first
            trainable weight.
        weights: A row for each trainable weight. Those of a shared layer come in each of its uses.
        dead: Share of units of its ReLUs that are 0 for every sample, position and time step. None
            as well for fewer than 16 of these together.
        saturated: Share of the values of sigmoids, tanhs and gates that are flat, see
            ``SATURATED_SLOPE``; an activation that the loss has taken in does not count.
        gates: That share for each gate of a recurrent op: i, f, g, o of an LSTM; z, r, g of a GRU.
        steps: The gradient at each time step, where there is a time axis.
    """

    layer: str
    kind: str
    shape: tuple[int, ...]
    output: float
    gradient: float | None
    weights: tuple[WeightRow, ...]
    dead: float | None
    saturated: float | None
    gates: dict[str, float]
    steps: tuple[StepNorms, ...]

    @property
    def weight_gradient(self) -> float | None:
        """Norm of the gradient by all trainable weights together."""
        return _together(row.gradient for row in self.weights) if self.weights else None

    @property
    def update_ratio(self) -> float | None:
        """Length of the step of all trainable weights beside theirs."""
        norm = _together(row.norm for row in self.weights)
        return _together(row.step for row in self.weights) / norm if norm else None


def rows_of(record: Record) -> list[LayerRow]:
    """A row for each use of a layer, in order."""
    with np.errstate(all="ignore"):  # NaN and Inf are what may be looked for
        weights = {p: _weight_row(p, record) for p in record.weighed}
        return [_row(seen, weights) for seen in record.seen]


def norm(values: Array) -> float:
    """The Euclidean norm, summed in float64."""
    flat = np.asarray(values, np.float64).reshape(-1)
    return math.sqrt(float(flat @ flat))


def has_time(seen: Seen) -> bool:
    """Whether axis 1 of the output is the time."""
    return bool(seen.outputs) and (
        seen.outputs[0].ndim == 3 or isinstance(seen.call.layer, TimeDistributed)
    )


def _weight_row(parameter: Parameter, record: Record) -> WeightRow:
    weighed = record.weighed[parameter]
    return WeightRow(
        parameter.name, norm(weighed.value), norm(weighed.gradient), norm(weighed.step)
    )


def _row(seen: Seen, weights: dict[Parameter, WeightRow]) -> LayerRow:
    layer = seen.call.layer
    gradients = [gradient for gradient in seen.gradients if gradient is not None]
    flat, gates = _flat(seen)
    return LayerRow(
        layer=layer.name,
        kind=type(layer).__name__,
        shape=seen.outputs[0].shape if seen.outputs else (),
        output=_root_mean_square(seen.outputs),
        gradient=_together(norm(gradient) for gradient in gradients) if gradients else None,
        weights=tuple(weights[p] for p in layer.trainable_weights if p in weights),
        dead=_dead(seen),
        saturated=flat,
        gates=gates,
        steps=_steps(seen),
    )


def _root_mean_square(arrays: Sequence[Array]) -> float:
    count = sum(array.size for array in arrays)
    return _together(norm(array) for array in arrays) / math.sqrt(max(count, 1))


def _dead(seen: Seen) -> float | None:
    units = silent = 0
    for kind, value, _ in seen.activated:
        rows = value.reshape(-1, value.shape[-1])
        if kind == "relu" and len(rows) >= FEWEST_FOR_DEAD:
            units += rows.shape[1]
            silent += int((rows == 0).all(axis=0).sum())
    return silent / units if units else None


def _flat(seen: Seen) -> tuple[float | None, dict[str, float]]:
    """The share of flat values of all activations and gates, and of each gate."""
    found: list[NDArray[np.bool_]] = []
    by_gate: dict[str, list[NDArray[np.bool_]]] = {}
    for kind, value, in_loss in seen.activated:
        if kind != "relu" and not in_loss:
            found.append(saturated(kind, value).reshape(-1))
    for item in seen.recurrences:
        for gate, (kind, value) in gate_values(item.node, item.operands, item.y).items():
            # Of steps that were skipped there are no gates.
            counted = value if item.mask is None else value[item.mask != 0]
            by_gate.setdefault(gate, []).append(saturated(kind, counted).reshape(-1))
    gates = {gate: np.concatenate(parts) for gate, parts in by_gate.items()}
    found += gates.values()
    together = np.concatenate(found) if found else np.zeros(0, bool)
    share = float(together.mean()) if together.size else None
    return share, {gate: float(part.mean()) for gate, part in gates.items() if part.size}


def _steps(seen: Seen) -> tuple[StepNorms, ...]:
    layer = seen.call.layer.name
    if seen.recurrences:
        return tuple(_of_recurrence(group) for group in _joined(seen.recurrences))
    gradient = seen.gradients[0] if seen.gradients else None
    if gradient is None or not has_time(seen):
        return ()
    return (StepNorms(layer, _norms(gradient)),)


def _joined(items: list[Recurrence]) -> list[list[Recurrence]]:
    """Ops of one step each that share their weights are one recurrence, in the order of its steps.

    That is how a layer runs that changes the state between the steps.
    """
    groups: dict[Any, list[Recurrence]] = {}
    for item in items:
        if item.dx is not None:
            single = item.y.shape[1] == 1
            groups.setdefault((item.node.inputs[1], single or item.node), []).append(item)
    return list(groups.values())


def _of_recurrence(group: list[Recurrence]) -> StepNorms:
    first = group[0]
    norms = np.concatenate([_norms(item.dx) for item in group if item.dx is not None])
    counted = None if first.mask is None or len(group) > 1 else (first.mask != 0).any(axis=0)
    return StepNorms(first.node.name, norms, first.node.op, first.backwards, counted)


def _norms(gradient: Array) -> NDArray[np.float64]:
    """The norm at each step of (N, T, ...)."""
    return np.array([norm(gradient[:, t]) for t in range(gradient.shape[1])])


def _together(norms: Iterable[float]) -> float:
    return math.sqrt(sum(value * value for value in norms))
