"""A plain recurrent layer over whole sequences, and its gradients through time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .activation import activate, elu_backward, relu_backward, sigmoid_backward, tanh_backward
from .arrays import Array, wide
from .recurrent import order, skipped, state


@dataclass
class SimpleRnnStep:
    """What one step knew: t, its x, the h that it began with, and the one it gave."""

    t: int
    x: Array
    h: Array
    new_h: Array
    skip: Array


def simple_rnn(
    x: ArrayLike,
    w: ArrayLike,
    u: ArrayLike,
    b: ArrayLike | None,
    h0: ArrayLike | None = None,
    activation: str | None = "tanh",
    *,
    mask: ArrayLike | None = None,
    go_backwards: bool = False,
) -> tuple[Array, Array, list[SimpleRnnStep]]:
    x, w, u = wide(x), wide(w), wide(u)
    N, T, _ = x.shape
    U = u.shape[0]
    h = state(h0, N, U)
    bias = np.zeros(U) if b is None else wide(b)
    y = np.zeros((N, T, U))
    saved = []
    for t in order(T, go_backwards):
        new_h = activate(x[:, t] @ w + h @ u + bias, activation)
        skip = skipped(mask, t, N)
        saved.append(SimpleRnnStep(t, x[:, t], h, new_h, skip))
        h = np.where(skip, h, new_h)
        y[:, t] = h
    return y, h, saved


def simple_rnn_backward(
    dy: ArrayLike | None,
    dh: ArrayLike | None,
    saved: list[SimpleRnnStep],
    x: ArrayLike,
    w: ArrayLike,
    u: ArrayLike,
    activation: str | None = "tanh",
) -> tuple[Array, Array, Array, Array, Array]:
    x, w, u = wide(x), wide(w), wide(u)
    N, T, _ = x.shape
    U = u.shape[0]
    slopes = np.zeros((N, T, U)) if dy is None else wide(dy)
    dh = state(dh, N, U)
    dx, dw, du, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(u.shape), np.zeros(U)
    backward = {
        "tanh": tanh_backward,
        "relu": relu_backward,
        "elu": elu_backward,
        "sigmoid": sigmoid_backward,
    }
    for step in reversed(saved):
        dh = dh + slopes[:, step.t]
        by_sum = dh if activation is None else backward[activation](dh, step.new_h)
        sums = np.where(step.skip, 0.0, by_sum)
        dx[:, step.t] = sums @ w.T
        dw += step.x.T @ sums
        du += step.h.T @ sums
        db += sums.sum(0)
        dh = np.where(step.skip, dh, sums @ u.T)
    return dx, dw, du, db, dh
