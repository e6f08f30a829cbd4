"""LeNet-5 in NumPy, as a lecturer writes it. In float64 it is the reference of all others."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench import numpy_nn as nn
from bench.case import Array
from bench.models.lenet import BETA_1, BETA_2, EPSILON, MOMENTUM, RATES


class LeNet:
    def __init__(self, weights: list[Array], optimizer: str = "sgdm") -> None:
        self.weights = [w.copy() for w in weights]
        self.slots = [[np.zeros_like(w) for w in weights] for _ in range(2)]
        self.optimizer = optimizer
        self.steps = 0

    def forward(self, x: Array) -> tuple[Array, list[Any]]:
        """Logits, and what the backward pass needs."""
        w = self.weights
        a1 = np.maximum(nn.conv2d(x, w[0], w[1]), 0)
        p1, where1 = nn.max_pool2x2(a1)
        a2 = np.maximum(nn.conv2d(p1, w[2], w[3]), 0)
        p2, where2 = nn.max_pool2x2(a2)
        flat = p2.reshape(len(x), -1)
        h1 = np.maximum(flat @ w[4] + w[5], 0)
        h2 = np.maximum(h1 @ w[6] + w[7], 0)
        return h2 @ w[8] + w[9], [x, a1, p1, where1, a2, p2, where2, flat, h1, h2]

    def predict(self, x: Array) -> Array:
        return nn.softmax(self.forward(x)[0])

    def gradients(self, x: Array, labels: Array) -> tuple[float, list[Array]]:
        logits, saved = self.forward(x)
        loss, d = nn.softmax_cross_entropy(logits, labels)
        x, a1, p1, where1, a2, p2, where2, flat, h1, h2 = saved
        w = self.weights
        g8, g9 = h2.T @ d, d.sum(0)
        d = (d @ w[8].T) * (h2 > 0)
        g6, g7 = h1.T @ d, d.sum(0)
        d = (d @ w[6].T) * (h1 > 0)
        g4, g5 = flat.T @ d, d.sum(0)
        d = nn.max_pool2x2_backward((d @ w[4].T).reshape(p2.shape), where2) * (a2 > 0)
        g2, g3 = nn.conv2d_backward_weight(d, p1, w[2].shape), d.sum((0, 1, 2))
        d = nn.conv2d_backward_data(d, w[2], p1.shape)
        d = nn.max_pool2x2_backward(d, where1) * (a1 > 0)
        g0, g1 = nn.conv2d_backward_weight(d, x, w[0].shape), d.sum((0, 1, 2))
        return loss, [g0, g1, g2, g3, g4, g5, g6, g7, g8, g9]

    def train(self, x: Array, labels: Array) -> float:
        """One step; returns the loss before it."""
        loss, gradients = self.gradients(x, labels)
        self.steps += 1
        rate = RATES[self.optimizer]
        for w, g, m, v in zip(self.weights, gradients, *self.slots, strict=True):
            if self.optimizer == "sgdm":
                m[...] = MOMENTUM * m - rate * g
                w[...] += m
            else:
                m[...] += (1 - BETA_1) * (g - m)
                v[...] += (1 - BETA_2) * (g * g - v)
                correction = (1 - BETA_2**self.steps) ** 0.5 / (1 - BETA_1**self.steps)
                w[...] -= rate * correction * m / (np.sqrt(v) + EPSILON)
        return loss
