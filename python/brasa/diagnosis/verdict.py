"""What the numbers mean, in words, and what to try. The thresholds, with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from brasa.diagnosis import advice
from brasa.diagnosis.faults import Fault
from brasa.diagnosis.rows import LayerRow

# The gradient by a layer's output beside that of the last layer. Initializations that keep the
# variance stay within a factor of 30 over tens of layers. A layer of sigmoids takes off a factor of
# 4 or so: five of them come to a thousand, and training with them is known to stand still.
FADED, GROWN = 1e-3, 1e3

# The gradient of recurrent weights is a sum over the time steps. Terms below 2^-24 of the largest
# change no bit of it in float32; at a millionth, four bits are left of what the step says.
FADED_STEP, GROWN_STEP = 1e-6, 1e3

# A step as long as the weights puts others in their place; what they had learned is gone. Training
# goes well at 1e-4 to 1e-2.
FULL_STEP = 1.0

# float32 keeps nothing of such a step but in weights near 0.
TINY_STEP = 1e-7

# Networks with ReLU are sparse: units that answer to none of a batch's samples are common, up to a
# third or so in trained ones. At half the layer, capacity is lost that somebody paid for.
DEAD_SHARE = 0.5

# At half, most of the gradient that comes to the layer is lost in it.
SATURATED_SHARE = 0.5

# The gravest first: what makes the others meaningless, or is their cause, comes before them.
KINDS = ("NaN", "exploding", "dead", "saturated", "vanishing", "no learning")

_THROUGH_TIME = "through time, the gradient "


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: One of ``KINDS``.
        layer: Where it is worst; None where it is everywhere.
        text: A sentence.
        advice: What to try.
    """

    kind: str
    layer: str | None
    text: str
    advice: str


class _Case(NamedTuple):
    """How bad it is in one layer, and what to say if no layer is worse."""

    size: float
    layer: str
    text: str
    advice: str


def findings_of(rows: Sequence[LayerRow], loss: float, fault: Fault | None) -> list[Finding]:
    """All that is wrong, the gravest first. Nothing but the fault where there is one."""
    if fault is not None:
        return [Finding("NaN", fault.layer, fault.text, advice.NOT_FINITE[fault.where])]
    found = [
        *_worst("exploding", _grown(rows)),
        *_worst("exploding", _grown_in_time(rows)),
        *_worst("exploding", _long_steps(rows)),
        *_worst("dead", _dead(rows)),
        *_worst("saturated", _flat(rows)),
        *_worst("vanishing", _faded(rows)),
        *_worst("vanishing", _faded_in_time(rows)),
    ]
    # Where the loss is 0, nothing is left to learn.
    return [*found, *_still(rows)] if loss else found


def _worst(kind: str, cases: Sequence[_Case]) -> list[Finding]:
    """One finding for all layers: the worst of them, and how many more there are."""
    if not cases:
        return []
    worst = max(cases, key=lambda case: case.size)
    others = len({case.layer for case in cases}) - 1
    more = f", and {others} more {'layer' if others == 1 else 'layers'} like this" if others else ""
    return [Finding(kind, worst.layer, worst.text + more, worst.advice)]


def _flows(rows: Sequence[LayerRow]) -> list[tuple[float, LayerRow]]:
    return [(row.flow, row) for row in rows if row.weights and row.flow is not None]


def _grown(rows: Sequence[LayerRow]) -> list[_Case]:
    text = "the gradient is {:.2g} times what it is in {!r}"
    return [
        _Case(flow, row.layer, text.format(flow, row.head), advice.EXPLODING)
        for flow, row in _flows(rows)
        if flow > GROWN
    ]


def _faded(rows: Sequence[LayerRow]) -> list[_Case]:
    cases = []
    for flow, row in _flows(rows):
        if not row.weight_gradient:
            text = "the gradient of the weights is 0"
            cases.append(_Case(float("inf"), row.layer, text, advice.VANISHING))
        elif flow < FADED:
            text = f"the gradient is 1/{1 / flow:.2g} of what it is in {row.head!r}"
            cases.append(_Case(1 / flow, row.layer, text, advice.VANISHING))
    # Where no weight has any, it is a case of its own.
    return cases if any(row.weight_gradient for row in rows) else []


def _grown_in_time(rows: Sequence[LayerRow]) -> list[_Case]:
    return [
        _Case(steps.grows, row.layer, _THROUGH_TIME + steps.text, advice.EXPLODING_IN_TIME)
        for row in rows
        for steps in row.steps
        if steps.op and steps.grows > GROWN_STEP
    ]


def _faded_in_time(rows: Sequence[LayerRow]) -> list[_Case]:
    return [
        _Case(-steps.falls, row.layer, _THROUGH_TIME + steps.text, advice.KEEP[steps.op])
        for row in rows
        for steps in row.steps
        if steps.op and steps.falls < FADED_STEP
    ]


def _long_steps(rows: Sequence[LayerRow]) -> list[_Case]:
    text = "the next step is {:.3g} times as long as the weights"
    ratios = [(row.update_ratio or 0.0, row) for row in rows]
    return [
        _Case(ratio, row.layer, text.format(ratio), advice.EXPLODING)
        for ratio, row in ratios
        if ratio > FULL_STEP
    ]


def _dead(rows: Sequence[LayerRow]) -> list[_Case]:
    text = "{:.0%} of the ReLUs are 0 for every sample"
    return [
        _Case(row.dead, row.layer, text.format(row.dead), advice.DEAD)
        for row in rows
        if row.dead is not None and row.dead >= DEAD_SHARE
    ]


def _flat(rows: Sequence[LayerRow]) -> list[_Case]:
    text = "{:.0%} of the activations are flat"
    return [
        _Case(row.saturated, row.layer, text.format(row.saturated), advice.SATURATED)
        for row in rows
        if row.saturated is not None and row.saturated >= SATURATED_SHARE
    ]


def _still(rows: Sequence[LayerRow]) -> list[Finding]:
    """Nothing moves, or too little for float32."""
    learning = [row for row in rows if row.weights]
    if not any(row.weight_gradient for row in learning):
        text = "the gradient of all weights is 0"
        return [Finding("no learning", None, text, advice.NO_GRADIENT)]
    ratios = [row.update_ratio for row in learning if row.update_ratio is not None]
    if ratios and max(ratios) < TINY_STEP:
        text = f"the next step is at most {max(ratios):.1g} times as long as the weights"
        return [Finding("no learning", None, text, advice.SHORT_STEPS)]
    return []
