"""What the numbers mean, in words, and what to try. The thresholds, with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

# Networks with ReLU are sparse: units that answer to none of a batch's samples are common, up to a
# third or so in trained ones. At half the layer, capacity is lost that somebody paid for.
DEAD_SHARE = 0.5

# At half, most of the gradient that comes to the layer is lost in it.
SATURATED_SHARE = 0.5

_FINITE_FIRST = {
    "data": "clean the data: fit refuses such values unless check_finite=False",
    "weight": "the steps before made it so: go back to weights that are finite, then a smaller "
    "learning rate, or clipping (global_clipnorm=1.0)",
    "forward": "numbers grew beyond float32: scale the inputs to about [-1, 1], a smaller learning "
    "rate, BatchNormalization",
    "loss": "outputs and targets are too far apart for float32: scale the targets",
    "backward": "clipping (clipvalue=1.0), a smaller learning rate, smaller initial weights",
    "update": "the optimizer's slots hold what an earlier step left: compile anew from finite "
    "weights, then a smaller learning rate",
}

_TRY = {
    "exploding": "a smaller learning rate, clipping (global_clipnorm=1.0), smaller initial weights "
    "(glorot_uniform, he_normal), inputs scaled to about [-1, 1], BatchNormalization",
    "dead": "a smaller learning rate, biases that start at 0, he_normal, LeakyReLU, "
    "BatchNormalization before the ReLU",
    "saturated": "inputs scaled to about [-1, 1], smaller initial weights, BatchNormalization "
    "before the activation, ReLU in place of sigmoid and tanh",
    "vanishing": "ReLU in place of sigmoid and tanh, glorot_uniform or he_normal, "
    "BatchNormalization, skip connections (Add)",
    "exploding in time": "clipping (global_clipnorm=1.0), an orthogonal recurrent_initializer, "
    "LSTM or GRU in place of SimpleRNN, shorter sequences",
}

# Where a gradient fades through time.
_KEEP_LONGER = {
    "gru": "a bias of the update gate z above 0, shorter sequences, a loss at every step "
    "(return_sequences=True)",
    "lstm": "a bias of the forget gate of 1 (unit_forget_bias) or more, shorter sequences, a loss "
    "at every step (return_sequences=True)",
    "simple_rnn": "LSTM or GRU in its place, an orthogonal recurrent_initializer, shorter "
    "sequences, a loss at every step (return_sequences=True)",
}

# How bad it is, where, and a sentence with a place for the number.
Measured = tuple[float, LayerRow, str]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: what kind, in which layer, a sentence, and what to try."""

    kind: str
    layer: str | None
    text: str
    advice: str


# The gravest first: what makes the others meaningless, or is their cause, comes before them.
KINDS = ("NaN", "exploding", "dead", "saturated", "vanishing")


def findings_of(rows: Sequence[LayerRow], loss: float, fault: Fault | None) -> list[Finding]:
    """All that is wrong, the gravest first. Nothing but the fault where there is one."""
    if fault is not None:
        return [Finding("NaN", fault.layer, fault.text, _FINITE_FIRST[fault.where])]
    found = [
        *_of_depth(rows, loss),
        *_of_time(rows),
        *_worst("exploding", _long_steps(rows)),
        *_worst("dead", _dead(rows)),
        *_worst("saturated", _flat(rows)),
    ]
    return sorted(found, key=lambda finding: KINDS.index(finding.kind))


def _of_depth(rows: Sequence[LayerRow], loss: float) -> list[Finding]:
    """Compares the gradients by the outputs of all layers with weights to that of the last one."""
    learning = [row for row in rows if row.weights and row.gradient is not None]
    silent = [row for row in learning if not row.weight_gradient]
    if silent and loss != 0:  # where the loss is 0 nothing is left to learn
        text = f"the gradient of the weights is 0{_others(len(silent) - 1)}"
        return [Finding("vanishing", silent[0].layer, text, _TRY["vanishing"])]
    if not learning or silent:
        return []
    last = learning[-1]
    flows = [((row.gradient or 0.0) / (last.gradient or 1.0), row) for row in learning]
    result = []
    ratio, row = min(flows, key=lambda flow: flow[0])
    if ratio < FADED:
        text = f"the gradient is {_fold(ratio)} of what it is in {last.layer!r}"
        result.append(Finding("vanishing", row.layer, text, _TRY["vanishing"]))
    ratio, row = max(flows, key=lambda flow: flow[0])
    if ratio > GROWN:
        text = f"the gradient is {ratio:.2g} times what it is in {last.layer!r}"
        result.append(Finding("exploding", row.layer, text, _TRY["exploding"]))
    return result


def _of_time(rows: Sequence[LayerRow]) -> list[Finding]:
    result = []
    for row in rows:
        for steps in row.steps:
            text = f"through time, the gradient {steps.text}"
            if steps.change < FADED_STEP:
                advice = _KEEP_LONGER.get(steps.op, _TRY["vanishing"])
                result.append(Finding("vanishing", row.layer, text, advice))
            elif steps.change > GROWN_STEP:
                result.append(Finding("exploding", row.layer, text, _TRY["exploding in time"]))
    return result


def _long_steps(rows: Sequence[LayerRow]) -> list[Measured]:
    ratios = [(row.update_ratio or 0.0, row) for row in rows]
    text = "the next step is {:.3g} times as long as the weights"
    return [(ratio, row, text) for ratio, row in ratios if ratio > FULL_STEP]


def _dead(rows: Sequence[LayerRow]) -> list[Measured]:
    shares = [(row.dead or 0.0, row) for row in rows]
    text = "{:.0%} of the ReLUs are 0 for every sample"
    return [(share, row, text) for share, row in shares if share >= DEAD_SHARE]


def _flat(rows: Sequence[LayerRow]) -> list[Measured]:
    shares = [(row.saturated or 0.0, row) for row in rows]
    text = "{:.0%} of the activations are flat"
    return [(share, row, text) for share, row in shares if share >= SATURATED_SHARE]


def _worst(kind: str, measured: Sequence[Measured]) -> list[Finding]:
    """One finding for all layers: the worst of them, and how many more there are."""
    if not measured:
        return []
    value, row, text = max(measured, key=lambda item: item[0])
    text = text.format(value) + _others(len(measured) - 1)
    return [Finding(kind, row.layer, text, _TRY[kind])]


def _others(count: int) -> str:
    return f", and {count} more {'layer' if count == 1 else 'layers'} like this" if count else ""


def _fold(ratio: float) -> str:
    return f"1/{1 / ratio:.2g}" if ratio else "none"
