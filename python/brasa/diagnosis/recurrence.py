"""The recurrences inside a layer, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.diagnosis.gates import gate_values
from brasa.diagnosis.recorder import RECURRENT, Recorder
from brasa.graph.symbol import Node, Symbol
from brasa.graph.trace import Traced

Array = NDArray[Any]


@dataclass(frozen=True)
class Recurrence:
    """One direction of a recurrent layer, with the steps in the order of x.

    The gradient by x, at step t, is what the recurrence has carried back to step t: the sum over
    all later steps. The gradient by y is not: it is what comes from the layer above.
    """

    op: str
    backwards: bool  # the last step of x is read first
    y: Array  # (N, T, U)
    dx: Array | None  # (N, T, D); None where the loss does not depend on it
    mask: Array | None  # (N, T): 1 for the steps that count, 0 for padding
    gates: dict[str, tuple[str, Array]]  # activation and values (N, T, U)


def recurrences_of(recorder: Recorder, seen: Array, call: Traced) -> list[Recurrence]:
    """All recurrences of one use of a layer."""
    mask = next((symbol.mask for symbol in call.inputs if symbol.mask is not None), None)
    found = []
    for group in _groups(call.nodes):
        parts = [_one(recorder, seen, node) for node in group]
        known = [part for part in parts if part is not None]
        if known:
            found.append(_joined(known, group, recorder.value(seen, mask)))
    return found


def _groups(nodes: Sequence[Node]) -> list[list[Node]]:
    """The ops of each recurrence. Recurrent dropout takes one op for each step, with one w."""
    groups: dict[Any, list[Node]] = {}
    for node in nodes:
        if node.op in RECURRENT:
            single = _step_of(node) is not None
            groups.setdefault(node.inputs[1] if single else node, []).append(node)
    return list(groups.values())


def _step_of(node: Node) -> int | None:
    """The step of the sequence that is all an op reads."""
    x: Symbol | None = node.inputs[0]
    producer = None if x is None else x.node
    if x is None or x.shape[1] != 1 or producer is None or producer.op != "slice":
        return None
    return int(producer.attributes["start"]) if producer.attributes["axis"] == 1 else None


def _one(recorder: Recorder, seen: Array, node: Node) -> Recurrence | None:
    y = recorder.value(seen, node.outputs[0])
    if y is None:
        return None
    operands = [recorder.value(seen, symbol) for symbol in node.inputs]
    return Recurrence(
        node.op,
        bool(node.attributes.get("go_backwards")),
        y,
        recorder.value(seen, recorder.x_gradient(node)),
        operands[-1],
        gate_values(node, operands, y),
    )


def _joined(parts: list[Recurrence], nodes: list[Node], mask: Array | None) -> Recurrence:
    """One recurrence from ops of one step each."""
    if len(parts) == 1:
        return parts[0]
    steps = [_step_of(node) or 0 for node in nodes]
    parts = [parts[i] for i in np.argsort(steps)]

    def over_time(values: list[Array]) -> Array:
        return np.concatenate(values, axis=1)

    gradients = [part.dx for part in parts if part.dx is not None]
    y = over_time([part.y for part in parts])
    return Recurrence(
        parts[0].op,
        steps[0] > steps[-1],
        y,
        over_time(gradients) if len(gradients) == len(parts) else None,
        mask if mask is not None and mask.shape == y.shape[:2] else None,
        {
            gate: (kind, over_time([part.gates[gate][1] for part in parts]))
            for gate, (kind, _) in parts[0].gates.items()
        },
    )
