"""Functions of elements, and of several tensors that broadcast."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from brasa.onnx.traces import Step
from brasa.onnx.writer import Writer

# Activations and functions that are an ONNX operator of the same meaning.
_SAME = {
    "abs": "Abs",
    "ceil": "Ceil",
    "cos": "Cos",
    "erf": "Erf",
    "exp": "Exp",
    "floor": "Floor",
    "hard_silu": "HardSwish",
    "log": "Log",
    "reciprocal": "Reciprocal",
    "relu": "Relu",
    "round": "Round",
    "sigmoid": "Sigmoid",
    "sign": "Sign",
    "sin": "Sin",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "sqrt": "Sqrt",
    "tanh": "Tanh",
}

_OF_TWO = {
    "add": "Add",
    "add_bias": "Add",
    "broadcast_add": "Add",
    "broadcast_multiply": "Mul",
    "divide": "Div",
    "maximum": "Max",
    "minimum": "Min",
    "multiply": "Mul",
    "subtract": "Sub",
}


def function(w: Writer, kind: str, x: str, step: Step) -> str:
    """The value of an activation or another function of x; ``step`` has its parameters."""
    if kind in _SAME:
        return w.node(_SAME[kind], [x])
    if kind == "leaky_relu":
        return w.node("LeakyRelu", [x], alpha=float(step.get("negative_slope", 0.0)))
    if kind == "elu":
        return w.node("Elu", [x], alpha=float(step.get("alpha", 1.0)))
    if kind == "hard_sigmoid":
        return w.node("HardSigmoid", [x], alpha=1 / 6, beta=0.5)
    if kind == "relu6":
        return w.node("Clip", [x, w.number(0.0), w.number(6.0)])
    if kind == "clip":
        return w.node("Clip", [x, *_bounds(w, step)])
    if kind == "square":
        return w.node("Mul", [x, x])
    if kind == "power":
        return w.node("Pow", [x, w.number(step.get("exponent", 1.0))])
    if kind == "rsqrt":
        return w.node("Reciprocal", [w.node("Sqrt", [x])])
    if kind == "log1p":
        return w.node("Log", [w.node("Add", [x, w.number(1.0)])])
    if kind == "expm1":
        return _less_one(w, x)
    if kind in _GATED:
        return w.node("Mul", [x, _GATED[kind](w, x)])
    raise ValueError(f"there is no rule for the function {kind!r}")


def _less_one(w: Writer, x: str) -> str:
    """``e^x - 1``, below 1 as ``2 t / (1 - t)`` with ``t = tanh(x / 2)``: its digits stay."""
    t = w.node("Tanh", [w.node("Mul", [x, w.number(0.5)])])
    near = w.node("Div", [w.node("Add", [t, t]), w.node("Sub", [w.number(1.0), t])])
    far = w.node("Sub", [w.node("Exp", [x]), w.number(1.0)])
    return w.node("Where", [w.node("Less", [x, w.number(1.0)]), near, far])


def _bounds(w: Writer, step: Step) -> list[str]:
    low, high = (float(step.get(name, default)) for name, default in _OPEN)
    return [w.number(low) if low > -math.inf else "", w.number(high) if high < math.inf else ""]


_OPEN = (("low", -math.inf), ("high", math.inf))


def _normal_share(w: Writer, x: str) -> str:
    """``(1 + erf(x / sqrt(2))) / 2``: what is below x of the normal distribution."""
    error = w.node("Erf", [w.node("Mul", [x, w.number(math.sqrt(0.5))])])
    return w.node("Mul", [w.node("Add", [error, w.number(1.0)]), w.number(0.5)])


def _normal_share_by_tanh(w: Writer, x: str) -> str:
    """``sigmoid(sqrt(8 / pi) (x + 0.044715 x^3))``."""
    root = math.sqrt(8 / math.pi)
    inner = w.node("Mul", [w.node("Mul", [x, x]), w.number(0.044715 * root)])
    line = w.node("Mul", [x, w.node("Add", [inner, w.number(root)])])
    return w.node("Sigmoid", [line])


# Functions that are x times another one of x.
_GATED: dict[str, Any] = {
    "gelu": _normal_share,
    "gelu_tanh": _normal_share_by_tanh,
    "mish": lambda w, x: w.node("Tanh", [w.node("Softplus", [x])]),
    "silu": lambda w, x: w.node("Sigmoid", [x]),
}


def finish(w: Writer, step: Step, y: str, first: bool = False) -> None:
    """Give the result of a step, after the activation that the op applies to it."""
    kind = step.get("activation")
    y = function(w, kind, y, step) if kind not in (None, "linear") else y
    w.give(step.outputs[0], y, first)


def activation(w: Writer, step: Step) -> None:
    """An op that is nothing but an activation."""
    (x,) = _tensors(step)
    finish(w, step, w.native(x), w.is_first(x))


def unary(w: Writer, step: Step) -> None:
    """Functions of elements that are no activations."""
    (x,) = _tensors(step)
    y = function(w, step.get("kind"), w.native(x), step)
    w.give(step.outputs[0], y, w.is_first(x))


def of_two(w: Writer, step: Step) -> None:
    """Sums, products and the like; those of more than two from left to right."""
    first, (y, *others) = w.aligned(_tensors(step))
    for other in others:
        y = w.node(_OF_TWO[step.op], [y, other])
    finish(w, step, y, first)


def scale(w: Writer, step: Step) -> None:
    """``factor * x + offset``."""
    (x,) = _tensors(step)
    y = w.native(x)
    factor, offset = np.float32(step.get("factor", 1.0)), np.float32(step.get("offset", 0.0))
    y = w.node("Mul", [y, w.number(factor)]) if factor != 1 else y
    y = w.node("Add", [y, w.number(offset)]) if offset else y
    w.give(step.outputs[0], y, w.is_first(x))


def gate(w: Writer, step: Step) -> None:
    """``a * b``, and 0 where b is 0, whatever a is."""
    first, (a, b) = w.aligned(_tensors(step))
    opens = w.node("Cast", [b], to=_BOOL)
    y = w.node("Where", [opens, w.node("Mul", [a, b]), w.number(0.0)])
    w.give(step.outputs[0], y, first)


def compared(w: Writer, step: Step) -> None:
    """1 where the comparison holds, else 0."""
    first, (a, b) = w.aligned(_tensors(step))
    holds = w.node(_COMPARED[step.op], [a, b])
    w.give(step.outputs[0], w.node("Cast", [holds], to=_FLOAT), first)


_COMPARED = {"equal": "Equal", "less": "Less", "less_equal": "LessOrEqual"}


def cast(w: Writer, step: Step) -> None:
    """Floats from whole numbers, or whole numbers without their fractions."""
    (x,) = _tensors(step)
    to = {"cast_float": _FLOAT, "cast_int": _INT32}[step.op]
    w.give(step.outputs[0], w.node("Cast", [w.native(x)], to=to), w.is_first(x))


_FLOAT, _INT32, _BOOL = 1, 6, 9


def clip_value(w: Writer, step: Step) -> None:
    """From ``-limit`` to ``limit``."""
    (x,) = _tensors(step)
    limit = step.get("limit")
    y = w.node("Clip", [w.native(x), w.number(-limit), w.number(limit)])
    w.give(step.outputs[0], y, w.is_first(x))


def slope(w: Writer, step: Step) -> None:
    """``dy`` where y is above 0, else 0: what a ReLU with a threshold is made of."""
    if step.get("activation") != "relu":
        raise ValueError(f"there is no rule for the gradient of {step.get('activation')!r}")
    first, (dy, y) = w.aligned(_tensors(step))
    is_open = w.node("Greater", [y, w.number(0.0)])
    w.give(step.outputs[0], w.node("Where", [is_open, dy, w.number(0.0)]), first)


def softmax(w: Writer, step: Step) -> None:
    """Over the last axis of brasa's order; its logarithm, too."""
    (x,) = _tensors(step)
    operator = {"softmax": "Softmax", "log_softmax": "LogSoftmax"}[step.op]
    y = w.node(operator, [w.native(x)], axis=w.axis(x, -1))
    w.give(step.outputs[0], y, w.is_first(x))


def _tensors(step: Step) -> list[Any]:
    return list(step.inputs)


RULES = {
    **dict.fromkeys(_COMPARED, compared),
    **dict.fromkeys(_OF_TWO, of_two),
    "activation": activation,
    "activation_backward": slope,
    "cast_float": cast,
    "cast_int": cast,
    "clip_value": clip_value,
    "gate": gate,
    "log_softmax": softmax,
    "scale": scale,
    "softmax": softmax,
    "unary": unary,
}
