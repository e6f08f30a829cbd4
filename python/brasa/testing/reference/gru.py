"""Gated recurrent units over whole sequences, and their gradients through time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .activation import sigmoid
from .arrays import Array, wide
from .recurrent import order, skipped, state


@dataclass
class GruStep:
    """What one step knew: t, its x, the h that it began with, its gates, h @ ug + cg."""

    t: int
    x: Array
    h: Array
    gates: tuple[Array, Array, Array]
    q: Array
    skip: Array


def gru(
    x: ArrayLike,
    w: ArrayLike,
    u: ArrayLike,
    b: ArrayLike | None,
    h0: ArrayLike | None = None,
    reset_after: bool = True,
    *,
    mask: ArrayLike | None = None,
    go_backwards: bool = False,
) -> tuple[Array, Array, list[GruStep]]:
    x, w, u = wide(x), wide(w), wide(u)
    N, T, _ = x.shape
    U = u.shape[0]
    h = state(h0, N, U)
    biases = np.zeros((2, 3 * U))
    if b is not None:
        biases[: 2 if reset_after else 1] = wide(b)
    y = np.zeros((N, T, U))
    saved = []
    for t in order(T, go_backwards):
        xz, xr, xg = np.split(x[:, t] @ w + biases[0], 3, axis=1)
        hz, hr, hg = np.split(h @ u + biases[1], 3, axis=1)
        z, r = sigmoid(xz + hz), sigmoid(xr + hr)
        g = np.tanh(xg + (r * hg if reset_after else (r * h) @ u[:, 2 * U :]))
        skip = skipped(mask, t, N)
        saved.append(GruStep(t, x[:, t], h, (z, r, g), hg, skip))
        h = np.where(skip, h, z * h + (1 - z) * g)
        y[:, t] = h
    return y, h, saved


def gru_backward(
    dy: ArrayLike | None,
    dh: ArrayLike | None,
    saved: list[GruStep],
    x: ArrayLike,
    w: ArrayLike,
    u: ArrayLike,
    reset_after: bool = True,
) -> tuple[Array, Array, Array, Array, Array]:
    x, w, u = wide(x), wide(w), wide(u)
    N, T, _ = x.shape
    U = u.shape[0]
    slopes = np.zeros((N, T, U)) if dy is None else wide(dy)
    dh = state(dh, N, U)
    dx, dw, du, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(u.shape), np.zeros((2, 3 * U))
    u_zr, u_g = u[:, : 2 * U], u[:, 2 * U :]
    for step in reversed(saved):
        z, r, g = step.gates
        dh = dh + slopes[:, step.t]
        by_g = np.where(step.skip, 0.0, dh * (1 - z) * (1 - g**2))
        by_z = np.where(step.skip, 0.0, dh * (step.h - g) * z * (1 - z))
        by_rh = by_g @ u_g.T
        by_r = (by_g * step.q if reset_after else by_rh * step.h) * r * (1 - r)
        by_q = by_g * r if reset_after else by_g
        by_input = np.concatenate([by_z, by_r, by_g], axis=1)
        by_zr = np.concatenate([by_z, by_r], axis=1)
        dx[:, step.t] = by_input @ w.T
        dw += step.x.T @ by_input
        du[:, : 2 * U] += step.h.T @ by_zr
        du[:, 2 * U :] += (step.h if reset_after else r * step.h).T @ by_q
        db += np.stack([by_input.sum(0), np.concatenate([by_zr, by_q], axis=1).sum(0)])
        through = by_q @ u_g.T if reset_after else by_rh * r
        dh = np.where(step.skip, dh, dh * z + by_zr @ u_zr.T + through)
    return dx, dw, du, db if reset_after else db[0], dh
