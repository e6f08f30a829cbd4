"""One training step on copies, with all that passes through the layers kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brasa.buffers import aligned_zeros
from brasa.diagnosis.recorder import Recorder, activation_of
from brasa.diagnosis.recurrence import Recurrence, recurrences_of
from brasa.engine import Engine
from brasa.feeds import DataSet
from brasa.graph.lower import CompiledPlan
from brasa.graph.trace import Traced
from brasa.layers.tensor import LayerCall
from brasa.parameter import Parameter
from brasa.states import check_states

Array = NDArray[Any]


class Activated(NamedTuple):
    """The result of an activation inside a layer."""

    kind: str  # relu, sigmoid or tanh
    value: Array
    in_loss: bool  # the loss took what went in: no gradient passes through it


@dataclass
class Seen:
    """What passed through one use of a layer."""

    call: LayerCall
    learning: list[Parameter]  # the layer's weights that the step changes
    outputs: list[Array]
    gradients: list[Array | None]  # by the outputs; None where training needs none
    activated: list[Activated]
    recurrences: list[Recurrence]


@dataclass
class Weighed:
    """A trainable weight, its gradient before clipping, and the step that it takes."""

    value: Array
    gradient: Array
    step: Array


@dataclass
class Record:
    """All that one step showed."""

    data: DataSet
    loss: float
    seen: list[Seen]
    values: dict[Parameter, Array]  # of all weights, before the step
    weighed: dict[Parameter, Weighed] = field(default_factory=dict)


def record(engine: Engine, data: DataSet) -> Record:
    """One training step on one batch, on copies of all that it writes.

    Args:
        engine: The engine of a compiled model.
        data: The batch.

    Raises:
        ValueError: stateful layers hold the states of another number of sequences.
    """
    recorder = Recorder(engine, data)
    plan = recorder.build()
    arrays = _arrays(engine, plan)
    before, after = arrays["parameters"].copy(), arrays["parameters"]
    plan.run(arrays | data.arrays)

    store = engine.store
    with np.errstate(all="ignore"):  # NaN and Inf are what may be looked for
        seen = [_seen(recorder, arrays["seen"], call) for call in recorder.calls]
        result = Record(
            data,
            _loss(recorder, arrays["totals"].view(np.float64)),
            seen,
            {p: store.view(before, p) for p in store.offsets},
        )
        for p in store.trainable:
            value = result.values[p]
            gradient = recorder.value(arrays["seen"], recorder.weight_gradient(p))
            step = store.view(after, p).astype(np.float64) - value
            result.weighed[p] = Weighed(
                value, np.zeros_like(value) if gradient is None else gradient, step
            )
    return result


def _arrays(engine: Engine, plan: CompiledPlan) -> dict[str, Array]:
    """All that the plan reads and writes beside the data, as copies."""
    check_states(plan, stays=True)
    store, optimizer = engine.store, engine.optimizer
    store.claim()
    arrays = {f"slot_{name}": _copy(slot) for name, slot in store.slots.items()}
    arrays["parameters"] = _copy(store.values)
    arrays["hyper"] = np.array(optimizer.hyper(), np.float64)
    arrays["random"] = np.array([engine.seed, optimizer.steps], np.int64)
    for state, name, shape in plan.states:
        kept = state.owner.states.get((state.index, shape))
        if kept is not None:
            arrays[name] = _copy(kept.host())
    for segment in plan.segments:  # gradients, sums, what is seen, states that are not there yet
        if segment.name not in arrays:
            zeros = aligned_zeros(-(-segment.bytes // 8), "float64")
            arrays[segment.name] = zeros.view(np.float32)
    return arrays


def _copy(array: Array) -> Array:
    copy = aligned_zeros(array.size, array.dtype.name).reshape(array.shape)
    copy[...] = array
    return copy


def _seen(recorder: Recorder, seen: Array, call: Traced) -> Seen:
    activated = []
    for node in call.nodes:
        kind, result = activation_of(node), recorder.value(seen, node.outputs[0])
        if kind and result is not None:
            activated.append(Activated(kind, result, recorder.in_loss(node)))
    outputs = [recorder.value(seen, symbol) for symbol in call.outputs]
    weights = set(recorder.store.trainable)
    return Seen(
        call.call,
        [p for p in call.call.layer.weights if p in weights],
        [value for value in outputs if value is not None],
        [recorder.value(seen, recorder.gradient(symbol)) for symbol in call.outputs],
        activated,
        recurrences_of(recorder, seen, call),
    )


def _loss(recorder: Recorder, totals: Array) -> float:
    assert recorder.objective is not None
    weights = [*recorder.objective.loss_weights, 1.0]  # that of the penalty, where there is one
    means = [total / max(count, 1) for total, count in totals.reshape(-1, 2).tolist()]
    return float(sum(weight * mean for weight, mean in zip(weights, means, strict=False)))
