"""Recurrent networks: LSTM, GRU and RNN of ONNX, each for one direction.

ONNX has sequences whose last steps do not count, brasa masks that leave out any. So the steps that
count are moved to the front, in their order; each step then reads its output where it came to lie.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from brasa.onnx.traces import Step, Tensor
from brasa.onnx.writer import Array, Writer


class _Kind(NamedTuple):
    """An ONNX operator, and where in brasa's weights the blocks of its gates are."""

    operator: str
    gates: tuple[int, ...]
    states: int = 1


_KINDS = {
    "gru": _Kind("GRU", (0, 1, 2)),  # z r h in both
    "lstm": _Kind("LSTM", (0, 3, 1, 2), 2),  # i o f c, of i f g o
    "simple_rnn": _Kind("RNN", (0,)),
}

_ACTIVATIONS = {
    "elu": "Elu",
    "leaky_relu": "LeakyRelu",
    "linear": "Affine",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
}

_BOOL, _INT32, _INT64 = 9, 6, 7
_FAR = 1 << 40  # more than any number of steps


class _Moved(NamedTuple):
    """A mask: how many steps count, and for each step where its output lies, if it has one."""

    order: str  # (N, T, 1): the steps that count, then the others
    lengths: str  # (N,) int32, at least 1
    any: str  # (N, 1): whether any counts
    place: str  # (N, T, 1)
    has_one: str  # (N, T, 1)


def recurrent(w: Writer, step: Step) -> None:
    """All steps of a sequence, in either direction."""
    kind = _KINDS[step.op]
    x, mask = step.inputs[0], step.inputs[-1]
    assert x is not None
    first = step.inputs[4 : 4 + kind.states]
    backwards = bool(step.get("go_backwards", 0))
    moved = _moved(w, w.last(mask), backwards) if mask is not None else None
    sequence = w.last(x)
    if moved:
        sequence = w.node("GatherND", [sequence, moved.order], batch_dims=1)
    values = [
        w.node("Transpose", [sequence], perm=[1, 0, 2]),
        *_weights(w, step, kind),
        moved.lengths if moved else "",
        *[w.node("Unsqueeze", [w.last(h), w.whole_numbers([0])]) if h else "" for h in first],
    ]
    options = _options(step) | {"hidden_size": step.outputs[1].shape[-1][0]}
    options["direction"] = "reverse" if backwards else "forward"
    results = step.outputs[: 1 + kind.states]
    wanted = [tensor in w.read for tensor in results]
    y, *states = w.node_of_several(kind.operator, values, wanted, **options)
    if wanted[0]:
        y = w.node("Transpose", [y], perm=[2, 0, 1, 3])
        y = w.node("Squeeze", [y, w.whole_numbers([2])])
        w.give(results[0], _moved_back(w, y, moved, first[0]) if moved else y)
    for tensor, state, before in zip(results[1:], states, first, strict=True):
        if state:
            last = w.node("Squeeze", [state, w.whole_numbers([0])])
            if moved:
                start = w.last(before) if before else w.number(0.0)
                last = w.node("Where", [moved.any, last, start])
            w.give(tensor, last)


def _options(step: Step) -> dict[str, Any]:
    if step.op == "gru":
        return {"linear_before_reset": int(bool(step.get("reset_after", 1)))}
    if step.op == "lstm":
        return {}
    name = step.get("activation", "linear")
    if name not in _ACTIVATIONS:
        raise ValueError(f"ONNX has no recurrent network with the activation {name!r}")
    options: dict[str, Any] = {"activations": [_ACTIVATIONS[name]]}
    if name in ("elu", "leaky_relu", "linear"):
        own = step.get("negative_slope", 0.0) if name == "leaky_relu" else step.get("alpha", 1.0)
        options |= {"activation_alpha": [float(own)], "activation_beta": [0.0]}
    return options


def _weights(w: Writer, step: Step, kind: _Kind) -> list[str]:
    """W (1, gates U, D), R (1, gates U, U) and B (1, 2 gates U), the biases of both products."""
    kernels = [_kernel(w, step, at, kind) for at in (1, 2)]
    if step.inputs[3] is None:
        return [*kernels, ""]
    bias = w.array(step, 3, "b")

    def both() -> Array:
        rows = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        return _ordered(rows, kind).reshape(1, -1)

    return [*kernels, w.once(_operand(step, 3), "gates", both)]


def _kernel(w: Writer, step: Step, at: int, kind: _Kind) -> str:
    array = w.array(step, at, "wu"[at - 1])
    return w.once(_operand(step, at), "gates", lambda: _ordered(array, kind).T[None])


def _ordered(array: Array, kind: _Kind) -> Array:
    """The blocks of columns in ONNX's order of the gates."""
    blocks = np.split(array, len(kind.gates), axis=-1)
    return np.concatenate([blocks[gate] for gate in kind.gates], axis=-1)


def _operand(step: Step, at: int) -> Tensor:
    tensor = step.inputs[at]
    assert tensor is not None
    return tensor


def _moved(w: Writer, mask: str, backwards: bool) -> _Moved:
    counts = w.node("Cast", [w.node("Cast", [mask], to=_BOOL)], to=_INT64)
    one, axis = w.whole_numbers([1]), w.whole_numbers([-1])
    ones = w.node("Add", [w.node("Mul", [counts, w.whole_numbers([0])]), one])
    number = w.node("CumSum", [ones, w.constant(np.int64(1))])
    # Sorted from the largest: steps that count before the others, each kind from the first on.
    keys = w.node("Sub", [w.node("Mul", [counts, w.whole_numbers([_FAR])]), number])
    steps = w.node("Shape", [mask], start=1, end=2)
    order = w.node_of_several("TopK", [keys, steps], (True, True), axis=1)[1]
    total = w.node("ReduceSum", [counts, one], keepdims=0)
    so_far = w.node("CumSum", [counts, w.constant(np.int64(1))])
    # A step that does not count repeats the output of the step that was read before it.
    if backwards:
        place = w.node("Sub", [so_far, counts])
        has_one = w.node("Less", [place, w.node("Unsqueeze", [total, one])])
        place = w.node("Min", [place, w.node("Sub", [steps, one])])
    else:
        place = w.node("Sub", [so_far, one])
        has_one = w.node("GreaterOrEqual", [place, w.whole_numbers([0])])
        place = w.node("Max", [place, w.whole_numbers([0])])
    return _Moved(
        w.node("Unsqueeze", [order, axis]),
        w.node("Cast", [w.node("Max", [total, one])], to=_INT32),
        w.node("Unsqueeze", [w.node("Greater", [total, w.whole_numbers([0])]), axis]),
        w.node("Unsqueeze", [place, axis]),
        w.node("Unsqueeze", [has_one, axis]),
    )


def _moved_back(w: Writer, y: str, moved: _Moved, before: Tensor | None) -> str:
    y = w.node("GatherND", [y, moved.place], batch_dims=1)
    start = w.number(0.0)
    if before is not None:
        start = w.node("Unsqueeze", [w.last(before), w.whole_numbers([1])])
    return w.node("Where", [moved.has_one, y, start])


RULES = dict.fromkeys(_KINDS, recurrent)
