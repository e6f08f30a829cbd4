"""Optimizer steps on flat arrays, in place. Contract: csrc/ops/optimizer.h."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from brasa.arrays import FloatArray
from brasa.ops.arguments import number, truth, whole
from brasa.ops.dispatch import run


def check_learning_rate(op: str, value: Any) -> float:
    """A finite number of at least 0."""
    rate = number(op, "learning_rate", value)
    if not (math.isfinite(rate) and rate >= 0):
        raise ValueError(f"{op}: learning_rate must be finite and >= 0, got {rate}")
    return rate


def _flat(op: str, name: str, array: Any) -> FloatArray:
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{op}: {name} must be a NumPy array, got {type(array).__name__}")
    if array.dtype != np.float32 or not array.dtype.isnative:
        raise TypeError(f"{op}: {name} must be float32, got {array.dtype}")
    if not (array.flags.c_contiguous and array.flags.aligned):
        raise ValueError(f"{op}: {name} must be contiguous and aligned to be updated in place")
    return array


def _spans(op: str, gradient: Any, updated: dict[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    g = _flat(op, "g", gradient)
    spans = {name: _flat(op, name, array) for name, array in updated.items()}
    seen = {"g": g}
    for name, span in spans.items():
        if span.shape != g.shape:
            raise ValueError(
                f"{op}: {name} must have the gradient's shape {g.shape}, got {span.shape}"
            )
        if not span.flags.writeable:
            raise ValueError(f"{op}: {name} is read-only and cannot be updated")
        for other_name, other in seen.items():
            if np.may_share_memory(span, other):
                raise ValueError(f"{op}: {name} and {other_name} overlap in memory")
        seen[name] = span
    if g.size == 0:
        raise ValueError(f"{op}: there are no parameters to update")
    return g.reshape(-1), tuple(span.reshape(-1) for span in spans.values())


def sgd_step(
    p: FloatArray,
    g: FloatArray,
    velocity: FloatArray | None,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> None:
    """Gradient descent in place: ``v = momentum v - lr g; p += v``.

    With ``nesterov``: ``p += momentum v - lr g``. ``velocity`` may be None without momentum.

    >>> import numpy as np
    >>> from brasa import ops
    >>> p = np.ones(1, np.float32)
    >>> ops.sgd_step(p, np.ones(1, np.float32), None, learning_rate=0.25)
    >>> p
    array([0.75], dtype=float32)
    """
    op = "sgd_step"
    rate = check_learning_rate(op, learning_rate)
    momentum = number(op, "momentum", momentum)
    if not 0 <= momentum <= 1:
        raise ValueError(f"{op}: momentum must be in [0, 1], got {momentum}")
    updated = {"p": p}
    if momentum:
        if velocity is None:
            raise ValueError(f"{op}: momentum {momentum} needs a velocity array")
        updated["velocity"] = velocity
    gradient, spans = _spans(op, g, updated)
    attributes = {"momentum": momentum, "nesterov": truth("sgd_step", "nesterov", nesterov)}
    run(op, [gradient, np.array([rate, 1.0])], attributes, spans)


def adam_step(
    p: FloatArray,
    g: FloatArray,
    m: FloatArray,
    v: FloatArray,
    step: int,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> None:
    """Adam in place; ``step`` counts from 1.

    ``m += (1 - b1)(g - m); v += (1 - b2)(g^2 - v);``
    ``p -= lr sqrt(1 - b2^step) / (1 - b1^step) m / (sqrt(v) + epsilon)``

    Source: Kingma & Ba, arXiv:1412.6980, in the form of the end of section 2 (as in Keras).
    """
    op = "adam_step"
    rate = check_learning_rate(op, learning_rate)
    step = whole(op, "step", step)
    if not 1 <= step < 1 << 53:
        raise ValueError(f"{op}: step counts from 1 and stays below 2**53, got {step}")
    gradient, spans = _spans(op, g, {"p": p, "m": m, "v": v})
    attributes = {
        "beta_1": number(op, "beta_1", beta_1),
        "beta_2": number(op, "beta_2", beta_2),
        "epsilon": number(op, "epsilon", epsilon),
    }
    run(op, [gradient, np.array([rate, float(step)])], attributes, spans)
