"""The numbers of the report, one row for each use of a layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brasa.diagnosis.gates import saturated
from brasa.diagnosis.record import Record, Seen
from brasa.diagnosis.recurrence import Recurrence
from brasa.diagnosis.steps import StepNorms
from brasa.layers.tensor import LayerTensor
from brasa.layers.time import TimeDistributed
from brasa.parameter import Parameter

Array = NDArray[Any]

# A unit that gives 0 by chance for half of the samples does so for 16 in a row once in 65,536
# times. From fewer samples nothing is said about dead units.
FEWEST_FOR_DEAD = 16


@dataclass(frozen=True)
class WeightRow:
    """One trainable weight: Euclidean norms of itself, its gradient, and the step it takes.

    The gradient is that of the loss, before any clipping. The step comes after, and is what float32
    leaves of it: 0 where it is too small to change the weight.
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
        saturated: Share of the values of sigmoids, tanhs and gates that are flat: the slope has
            less than 5 % of its largest value. An activation that the loss has taken in does not
            count, nor do the gates of padded steps.
        gates: That share for each gate of a recurrent op: i, f, g, o of an LSTM; z, r, g of a GRU;
            h of a SimpleRNN.
        steps: The gradient at each time step, where there is a time axis; of Bidirectional one for
            each direction.
        head: The last layer with weights between this one and the loss, which may be itself.
        flow: ``gradient`` over that of the head: how the gradient changes with the depth.
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
    head: str | None
    flow: float | None

    @property
    def weight_gradient(self) -> float | None:
        """Norm of the gradient by all trainable weights together."""
        return _together(row.gradient for row in self.weights) if self.weights else None

    @property
    def update_ratio(self) -> float | None:
        """Length of the step of all trainable weights beside theirs."""
        norm = _together(row.norm for row in self.weights)
        return _together(row.step for row in self.weights) / norm if norm else None


class _Head(NamedTuple):
    gradient: float
    layer: str


def rows_of(record: Record) -> list[LayerRow]:
    """A row for each use of a layer, in order."""
    with np.errstate(all="ignore"):  # NaN and Inf are what may be looked for
        weights = {
            p: WeightRow(p.name, _norm(w.value), _norm(w.gradient), _norm(w.step))
            for p, w in record.weighed.items()
        }
        gradients = [_gradient(seen) for seen in record.seen]
        heads = _heads(record.seen, gradients)
        return [
            _row(seen, gradient, head, weights)
            for seen, gradient, head in zip(record.seen, gradients, heads, strict=True)
        ]


def has_time(seen: Seen) -> bool:
    """Whether axis 1 of the output is the time."""
    return bool(seen.outputs) and (
        seen.outputs[0].ndim == 3 or isinstance(seen.call.layer, TimeDistributed)
    )


def _row(
    seen: Seen, gradient: float | None, head: _Head | None, weights: dict[Parameter, WeightRow]
) -> LayerRow:
    layer = seen.call.layer
    flat, gates = _flat(seen)
    return LayerRow(
        layer=layer.name,
        kind=type(layer).__name__,
        shape=seen.outputs[0].shape if seen.outputs else (),
        output=_root_mean_square(seen.outputs),
        gradient=gradient,
        weights=tuple(weights[p] for p in seen.learning),
        dead=_dead(seen),
        saturated=flat,
        gates=gates,
        steps=_steps(seen),
        head=head.layer if head else None,
        flow=gradient / head.gradient if head and head.gradient and gradient is not None else None,
    )


def _heads(seen: Sequence[Seen], gradients: Sequence[float | None]) -> list[_Head | None]:
    """For each use the last one with weights on a way to the loss: of several the strongest."""
    after: dict[LayerTensor, _Head] = {}
    heads: list[_Head | None] = []
    for use, gradient in zip(reversed(seen), reversed(gradients), strict=True):
        call = use.call
        found = [after[tensor] for tensor in call.outputs if tensor in after]
        if not found and gradient is not None and use.learning:
            found = [_Head(gradient, call.layer.name)]
        heads.append(max(found, default=None))
        for tensor in call.input_list if found else ():
            after[tensor] = max(*found, after.get(tensor, found[0]))
    return heads[::-1]


def _gradient(seen: Seen) -> float | None:
    gradients = [_norm(gradient) for gradient in seen.gradients if gradient is not None]
    return _together(gradients) if gradients else None


def _root_mean_square(arrays: Sequence[Array]) -> float:
    count = sum(array.size for array in arrays)
    return _together(_norm(array) for array in arrays) / math.sqrt(max(count, 1))


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
        for gate, (kind, value) in item.gates.items():
            counted = value if item.mask is None else value[item.mask != 0]
            by_gate.setdefault(gate, []).append(saturated(kind, counted).reshape(-1))
    gates = {gate: np.concatenate(parts) for gate, parts in by_gate.items()}
    found += gates.values()
    together = np.concatenate(found) if found else np.zeros(0, bool)
    share = float(together.mean()) if together.size else None
    return share, {gate: float(part.mean()) for gate, part in gates.items() if part.size}


def _steps(seen: Seen) -> tuple[StepNorms, ...]:
    if seen.recurrences:
        found = (_of_recurrence(seen, item) for item in seen.recurrences)
        return tuple(steps for steps in found if steps is not None)
    gradient = seen.gradients[0] if seen.gradients else None
    if gradient is None or not has_time(seen):
        return ()
    return (StepNorms(seen.call.layer.name, _norms(gradient)),)


def _of_recurrence(seen: Seen, item: Recurrence) -> StepNorms | None:
    if item.dx is None:
        return None
    name = seen.call.layer.name + (", backwards" if item.backwards else "")
    counted = None if item.mask is None else (item.mask != 0).any(axis=0)
    return StepNorms(name, _norms(item.dx), item.op, item.backwards, counted)


def _norms(gradient: Array) -> NDArray[np.float64]:
    """The norm at each step of (N, T, ...)."""
    return np.array([_norm(gradient[:, t]) for t in range(gradient.shape[1])])


def _norm(values: Array) -> float:
    """The Euclidean norm, summed in float64."""
    flat = np.asarray(values, np.float64).reshape(-1)
    return math.sqrt(float(flat @ flat))


def _together(norms: Iterable[float]) -> float:
    return math.sqrt(sum(value * value for value in norms))
