"""Long short-term memory over whole sequences, and its gradients through time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .activation import sigmoid
from .arrays import Array, wide
from .recurrent import order, skipped, state


@dataclass
class LstmStep:
    """What one step knew: t, its x, the h and c that it began with, its gates, the c it gave."""

    t: int
    x: Array
    h: Array
    c: Array
    gates: tuple[Array, Array, Array, Array]
    new_c: Array
    skip: Array


def lstm(
    x: ArrayLike,
    w: ArrayLike,
    u: ArrayLike,
    b: ArrayLike | None,
    h0: ArrayLike | None = None,
    c0: ArrayLike | None = None,
    *,
    mask: ArrayLike | None = None,
    go_backwards: bool = False,
) -> tuple[Array, Array, Array, list[LstmStep]]:
    """y (N,T,U), the last h and c (N,U), and what each step knew. Gates lie as i, f, g, o."""
    x, w, u = wide(x), wide(w), wide(u)
    N, T, _ = x.shape
    U = u.shape[0]
    h, c = state(h0, N, U), state(c0, N, U)
    bias = np.zeros(4 * U) if b is None else wide(b)
    y = np.zeros((N, T, U))
    saved = []
    for t in order(T, go_backwards):
        sums = np.split(x[:, t] @ w + h @ u + bias, 4, axis=1)
        i, f, o = (sigmoid(sums[k]) for k in (0, 1, 3))
        g = np.tanh(sums[2])
        new_c = f * c + i * g
        skip = skipped(mask, t, N)
        saved.append(LstmStep(t, x[:, t], h, c, (i, f, g, o), new_c, skip))
        h, c = np.where(skip, h, o * np.tanh(new_c)), np.where(skip, c, new_c)
        y[:, t] = h
    return y, h, c, saved


def lstm_backward(
    dy: ArrayLike | None,
    dh: ArrayLike | None,
    dc: ArrayLike | None,
    saved: list[LstmStep],
    x: ArrayLike,
    w: ArrayLike,
    u: ArrayLike,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """dx, dw, du, db, dh0, dc0."""
    x, w, u = wide(x), wide(w), wide(u)
    N, T, _ = x.shape
    U = u.shape[0]
    slopes = np.zeros((N, T, U)) if dy is None else wide(dy)
    dh, dc = state(dh, N, U), state(dc, N, U)
    dx, dw, du, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(u.shape), np.zeros(4 * U)
    for step in reversed(saved):
        i, f, g, o = step.gates
        dh = dh + slopes[:, step.t]
        tanh_c = np.tanh(step.new_c)
        by_c = dc + dh * o * (1 - tanh_c**2)
        parts = [
            by_c * g * i * (1 - i),
            by_c * step.c * f * (1 - f),
            by_c * i * (1 - g**2),
            dh * tanh_c * o * (1 - o),
        ]
        sums = np.where(step.skip, 0.0, np.concatenate(parts, axis=1))
        dx[:, step.t] = sums @ w.T
        dw += step.x.T @ sums
        du += step.h.T @ sums
        db += sums.sum(0)
        dh = np.where(step.skip, dh, sums @ u.T)
        dc = np.where(step.skip, dc, by_c * f)
    return dx, dw, du, db, dh, dc
