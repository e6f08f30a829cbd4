"""Activations by name: their attributes, checked, and the ops that apply them."""

from __future__ import annotations

from typing import Any

from brasa.graph.gradient_rules import SLOPE_NEEDS_X
from brasa.ops.arguments import kind_or_value, number
from brasa.ops.dispatch import Out, Tensor, floats, run

_NAMES = ("linear", "relu", "leaky_relu", "elu", "sigmoid", "tanh", *SLOPE_NEEDS_X)
_SECOND_NAMES = {"swish": "silu"}

# The float32 numbers above 0 that kernels take neither for 0 nor for infinity.
_SMALLEST, _LARGEST = 2.0**-126, 2.0**128 - 2.0**104


def activation_attributes(
    op: str, name: Any, negative_slope: Any = 0.2, alpha: Any = 1.0
) -> dict[str, Any]:
    """The attributes by which an op applies an activation to its result."""
    if name is None:
        return {}
    if isinstance(name, str):
        name = _SECOND_NAMES.get(name, name)
    if not isinstance(name, str) or name not in _NAMES:
        known = ", ".join(_NAMES)
        raise ValueError(f"{op}: activation must be one of {known}, got {kind_or_value(name)}")
    if name == "linear":
        return {}
    if name == "elu":
        return {"activation": name, "alpha": elu_alpha(op, alpha)}
    if name != "leaky_relu":
        return {"activation": name}
    slope = number(op, "negative_slope", negative_slope)
    if not slope >= 0:
        raise ValueError(f"{op}: negative_slope must be >= 0, got {slope}")
    return {"activation": name, "negative_slope": slope}


def elu_alpha(op: str, value: Any) -> float:
    """The ``alpha`` of an ELU, checked."""
    alpha = number(op, "alpha", value)
    if not _SMALLEST <= alpha <= _LARGEST:
        raise ValueError(f"{op}: alpha must be finite and > 0 (2^-126 at least), got {alpha}")
    return alpha


def activated(name: str, x: Tensor, out: Out, **options: Any) -> Tensor:
    """The activation of that name, which is the function's, too."""
    attributes = activation_attributes(name, name, **options)
    return run("activation", [floats(name, "x", x)], attributes, out, caller=name)[0]


def activation_gradient(
    name: str, dy: Tensor, y: Tensor, out: Out, given: str = "y", **options: Any
) -> Tensor:
    """Its gradient from y, or from what is ``given``."""
    op = f"{name}_backward"
    attributes = activation_attributes(op, name, **options)
    operands = [floats(op, "dy", dy), floats(op, given, y)]
    return run("activation_backward", operands, attributes, out, caller=op)[0]
