"""What the residual networks share, for every library: units, first weights, the check of a step.

A unit is a convolution without bias and the normalization behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bench import numpy_nn as nn
from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import normal
from bench.models import lenet

EPSILON = 1e-5


class Unit(NamedTuple):
    name: str
    size: int
    channels: int
    filters: int
    stride: int
    extent: int  # height and width of its output


class Sizes(NamedTuple):
    image: tuple[int, int, int]
    features: int  # of the dense layer
    classes: int
    units: Sequence[Unit]

    def forward_flops(self) -> float:
        return 2.0 * self.features * self.classes + sum(map(_flops, self.units))

    def train_flops(self) -> float:
        """Forward, data gradient (not of the images) and weight gradient cost the same."""
        return 3 * self.forward_flops() - _flops(self.units[0])

    def inputs(self, batch: int, rng: np.random.Generator) -> Arrays:
        data = {
            "x": normal(rng, batch, *self.image),
            "labels": rng.integers(0, self.classes, batch, dtype=np.int32),
            "dense_w": normal(rng, self.features, self.classes) * np.float32(self.features**-0.5),
            "dense_b": normal(rng, self.classes) * np.float32(0.1),
        }
        for u in self.units:
            scale = np.float32((2 / (u.size**2 * u.channels)) ** 0.5)
            data[f"{u.name}_w"] = normal(rng, u.size, u.size, u.channels, u.filters) * scale
            data[f"{u.name}_gamma"] = np.abs(normal(rng, u.filters)) * np.float32(0.5)
            data[f"{u.name}_beta"] = normal(rng, u.filters) * np.float32(0.1)
            data[f"{u.name}_mean"] = normal(rng, u.filters) * np.float32(0.1)
            data[f"{u.name}_variance"] = 1 + np.abs(normal(rng, u.filters))
        return data


def _flops(u: Unit) -> float:
    return 2.0 * u.extent**2 * u.filters * u.size**2 * u.channels


def scale_of(unit: Unit, data: Arrays) -> list[Array]:
    """Gamma, beta, mean and variance of the normalization."""
    return [data[f"{unit.name}_{name}"] for name in ("gamma", "beta", "mean", "variance")]


def apply(unit: Unit, x: Array, data: Arrays, *, training: bool) -> Array:
    """The unit in float64; image by image, because patches take nine times the memory."""
    w, no_bias = data[f"{unit.name}_w"].astype(np.float64), np.zeros(unit.filters)
    y = np.concatenate(
        [nn.conv2d(image[None], w, no_bias, unit.stride, unit.size // 2) for image in x]
    )
    gamma, beta, mean, variance = scale_of(unit, data)
    if training:
        mean, variance = y.mean((0, 1, 2)), y.var((0, 1, 2))
    return (y - mean) * gamma / np.sqrt(variance + EPSILON) + beta


def reference(features: Array, data: Arrays, *, training: bool) -> dict[str, Expected]:
    """What follows from what the dense layer sees: probabilities, or what a step changes."""
    logits = features @ data["dense_w"].astype(np.float64) + data["dense_b"]
    if not training:
        return {"y": Expected(nn.softmax(logits), 1e-5)}
    loss, d = nn.softmax_cross_entropy(logits, data["labels"])
    rate = lenet.RATES["sgdm"]
    steps = {"dense_w": -rate * features.T @ d, "dense_b": -rate * d.sum(0)}
    # One percent of a typical step, and the rounding of the weight.
    bounds = {name: 0.01 * float(np.sqrt((s**2).mean())) + 2e-7 for name, s in steps.items()}
    return {
        "loss": Expected(np.array(loss), 1e-4 * loss),
        **{name: Expected(step, bounds[name]) for name, step in steps.items()},
    }


def changes(data: Arrays, loss: float, dense: tuple[Array, Array]) -> Arrays:
    """The result of a training step: the loss, and how far the dense layer moved."""
    return {
        "loss": np.array(loss),
        "dense_w": dense[0].astype(np.float64) - data["dense_w"],
        "dense_b": dense[1].astype(np.float64) - data["dense_b"],
    }


def brasa(case: Case, data: Arrays, make: Callable[[Arrays], Any]) -> Variants:
    """``make(data)`` builds the network with the weights in place; it is compiled here."""
    x, labels = data["x"], data["labels"]

    def model() -> Any:
        from brasa import optimizers

        network = make(data)
        network.compile(
            optimizers.SGD(lenet.RATES["sgdm"], momentum=lenet.MOMENTUM),
            "sparse_categorical_crossentropy",
        )
        return network

    def train() -> Variant:
        network = model()
        return Variant(
            lambda: network.train_on_batch(x, labels),
            lambda loss: changes(data, float(loss), network.layers[-1].get_weights()),
            stateful=True,
        )

    def infer() -> Variant:
        network = model()
        return Variant(lambda: network.predict_on_batch(x), lambda y: {"y": np.asarray(y)})

    if case.spec["mode"] == "train":
        return {"train_on_batch": train}
    return {"predict_on_batch": infer}
