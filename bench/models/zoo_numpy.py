"""The networks of zoo.py in NumPy, in float64: what a prediction and a training step must be."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench import numpy_nn as nn
from bench.case import Array, Arrays, Expected
from bench.models import lenet
from bench.models.zoo import SLOPE, Network
from bench.models.zoo_sizes import Pads


class Layers:
    """A library whose images are arrays (N, H, W, C)."""

    def __init__(self, data: Arrays, *, training: bool) -> None:
        self.data, self.training = data, training
        self._counts = {"conv": 0, "depthwise": 0, "norm": 0, "dense": 0}

    def _take(self, kind: str) -> Any:
        number = self._counts[kind]
        self._counts[kind] += 1
        return lambda part: self.data[f"{kind}{number}_{part}"].astype(np.float64)

    def _bias(self, kind: str) -> Any:
        name = f"{kind}{self._counts[kind] - 1}_b"
        return self.data[name].astype(np.float64) if name in self.data else 0.0

    def conv(
        self,
        x: Any,
        filters: int,
        size: int,
        stride: int = 1,
        pads: Pads | None = None,
        *,
        bias: bool,
        groups: int = 1,
    ) -> Any:
        del filters, bias
        w = self._take("conv")("w")
        around = pads or (size // 2, size // 2)
        x = np.pad(x, ((0, 0), around, around, (0, 0)))
        # Image by image: patches take up to 49 times the memory.
        rows = [_convolved(one[None], w, stride, groups) for one in x]
        return np.concatenate(rows) + self._bias("conv")

    def depthwise(self, x: Any, stride: int) -> Any:
        w = self._take("depthwise")("w")[..., 0]
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        return np.einsum("npqcrs,rsc->npqc", windows[:, ::stride, ::stride], w)

    def norm(self, x: Any, epsilon: float = 1e-5) -> Any:
        part = self._take("norm")
        axes = tuple(range(x.ndim - 1))
        mean, variance = part("mean"), part("variance")
        if self.training:
            mean, variance = x.mean(axes), x.var(axes)
        return (x - mean) * part("gamma") / np.sqrt(variance + epsilon) + part("beta")

    def dense(self, x: Any, units: int) -> Any:
        del units
        return x @ self._take("dense")("w") + self._bias("dense")

    def dense_image(self, x: Any, shape: tuple[int, int, int], *, bias: bool) -> Any:
        del bias
        return self.dense(x, 0).reshape(len(x), *shape)

    def flatten(self, x: Any) -> Any:
        return x.reshape(len(x), -1)

    def max_pool(self, x: Any, size: int, stride: int, pads: Pads = (0, 0)) -> Any:
        padded = np.pad(x, ((0, 0), pads, pads, (0, 0)), constant_values=-np.inf)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
        return windows[:, ::stride, ::stride].max((-2, -1))

    def average_pool(self, x: Any) -> Any:
        N, H, W, C = x.shape
        return x.reshape(N, H // 2, 2, W // 2, 2, C).mean((2, 4))

    def mean(self, x: Any) -> Any:
        return x.mean((1, 2))

    def upsample(self, x: Any) -> Any:
        return x.repeat(2, 1).repeat(2, 2)

    def relu(self, x: Any) -> Any:
        return np.maximum(x, 0)

    def leaky_relu(self, x: Any) -> Any:
        return np.where(x > 0, x, SLOPE * x)

    def sigmoid(self, x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    def concatenate(self, parts: list[Any]) -> Any:
        return np.concatenate(parts, -1)

    def add(self, x: Any, y: Any) -> Any:
        return x + y

    def scale(self, x: Any, gate: Any) -> Any:
        return x * gate[:, None, None]

    def channels(self, x: Any) -> int:
        return int(x.shape[-1])


def _convolved(x: Any, w: Any, stride: int, groups: int) -> Any:
    parts = zip(np.split(x, groups, -1), np.split(w, groups, -1), strict=True)
    return np.concatenate(
        [nn.conv2d(own_x, own_w, np.zeros(own_w.shape[3]), stride) for own_x, own_w in parts], -1
    )


def _step(kind: str, z: Array, target: Array) -> tuple[float, Array]:
    """The loss of the last layer's sums z, and its gradient."""
    if kind == "cross_entropy":
        return nn.softmax_cross_entropy(z, target)
    y = np.tanh(z) if kind == "tanh_mse" else 1 / (1 + np.exp(-z))
    if kind == "sigmoid_bce":
        loss = -np.log(np.where(target > 0.5, y, 1 - y)).mean()
        return float(loss), (y - target) / z.size
    slope = 1 - y * y if kind == "tanh_mse" else y * (1 - y)
    return float(((y - target) ** 2).mean()), 2 * (y - target) * slope / z.size


def reference(network: Network, data: Arrays, *, training: bool) -> dict[str, Expected]:
    """Probabilities; or the loss of a step, and how far it moves the last layer's bias."""
    z = network(Layers(data, training=training), data["x"].astype(np.float64))
    if not training:
        return {"y": Expected(nn.softmax(z), 1e-5)}
    loss, slope = _step(network.loss, z, data["target"])
    step = -lenet.RATES["sgdm"] * slope.sum(tuple(range(z.ndim - 1)))
    # One percent of a typical step, and the rounding of the weight.
    bound = 0.01 * float(np.sqrt((step**2).mean())) + 2e-7
    return {"loss": Expected(np.array(loss), 1e-4 * loss), "bias": Expected(step, bound)}
