"""What the gates of a recurrent op were, from what went in and what came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.graph.symbol import Node

Array = NDArray[Any]

# A sigmoid or tanh counts as saturated where its slope has less than 5 % of its largest value (1/4
# and 1): of a gradient that comes by, 19 parts in 20 are lost. sigmoid: y below 0.013 or above
# 0.987; tanh: |y| above 0.975.
SATURATED_SLOPE = 0.05

_LARGEST_SLOPE = {"sigmoid": 0.25, "tanh": 1.0}


def saturated(kind: str, y: Array) -> NDArray[np.bool_]:
    """Where an activation is flat, told by its result. NaN is not flat.

    >>> saturated("tanh", np.array([0.0, 0.99, -1.0])).tolist()
    [False, True, True]
    """
    slope = y * (1 - y) if kind == "sigmoid" else 1 - y * y
    flat: NDArray[np.bool_] = slope < SATURATED_SLOPE * _LARGEST_SLOPE[kind]
    return flat


def gate_values(
    node: Node, operands: Sequence[Array | None], y: Array
) -> dict[str, tuple[str, Array]]:
    """For each gate its activation and its values (N, T, U), as csrc/ops/{lstm,gru}.h name them.

    Args:
        node: A node of the op lstm, gru or simple_rnn.
        operands: The values of the node's inputs, in their order.
        y: The value of its first output: y[:, t] is the state after step t, and so what step t + 1
            multiplies with u. No recurrence has to be run again.

    A ``simple_rnn`` has one gate, h, which is its output; none where that is no sigmoid or tanh.
    """
    activation = str(node.attributes.get("activation", "linear"))
    if node.op == "simple_rnn":
        return {"h": (activation, y)} if activation in _LARGEST_SLOPE else {}
    x, w, u, b, h0 = operands[:5]
    assert x is not None
    assert w is not None
    assert u is not None
    h = _states_before(y, h0, backwards=bool(node.attributes.get("go_backwards")))
    with np.errstate(all="ignore"):  # NaN is data here
        if node.op == "lstm":
            i, f, g, o = np.split(x @ w + h @ u + (0 if b is None else b), 4, axis=-1)
            return {
                "i": ("sigmoid", _sigmoid(i)),
                "f": ("sigmoid", _sigmoid(f)),
                "g": ("tanh", np.tanh(g)),
                "o": ("sigmoid", _sigmoid(o)),
            }
        return _gru(x @ w, h, u, b, reset_after=bool(node.attributes.get("reset_after", 1)))


def _gru(
    inputs: Array, h: Array, u: Array, b: Array | None, *, reset_after: bool
) -> dict[str, tuple[str, Array]]:
    U = u.shape[0]
    bias, state_bias = np.zeros(3 * U), np.zeros(3 * U)
    if b is not None:
        bias, state_bias = b if reset_after else (b, state_bias)
    z, r, g = np.split(inputs + bias, 3, axis=-1)
    state = h @ u[:, : 2 * U] + state_bias[: 2 * U]
    z, r = _sigmoid(z + state[..., :U]), _sigmoid(r + state[..., U:])
    if reset_after:
        g = g + r * (h @ u[:, 2 * U :] + state_bias[2 * U :])
    else:
        g = g + (r * h) @ u[:, 2 * U :]
    return {"z": ("sigmoid", z), "r": ("sigmoid", r), "g": ("tanh", np.tanh(g))}


def _states_before(y: Array, h0: Array | None, *, backwards: bool) -> Array:
    """The state that each step starts from, in the order of the steps of x."""
    first = np.zeros_like(y[:, :1]) if h0 is None else h0[:, None, :]
    parts = [y[:, 1:], first] if backwards else [first, y[:, :-1]]
    return np.concatenate(parts, axis=1)[:, : y.shape[1]]


def _sigmoid(x: Array) -> Array:
    half: Array = 0.5 * (1 + np.tanh(0.5 * x))  # never overflows
    return half
