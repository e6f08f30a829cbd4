"""The simple convnet that tutorials train on MNIST: training steps of 128 images.

28x28x1 -> conv 3x3x32, ReLU, pool -> conv 3x3x64, ReLU, pool -> dropout -> 10. Each library draws
other masks: the loss is compared with that without dropout, within what masks change.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bench import numpy_nn as nn
from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import normal
from bench.models import lenet

_BATCH, _CLASSES, _DROPOUT = 128, 10, 0.5
_SHAPES = [(3, 3, 1, 32), (32,), (3, 3, 32, 64), (64,), (1600, _CLASSES), (_CLASSES,)]

_FIRST_CONV = 2.0 * 26 * 26 * 32 * 9
_FORWARD_FLOPS = _FIRST_CONV + 2.0 * (11 * 11 * 64 * 288 + 1600 * _CLASSES)
_TRAIN_FLOPS = 3 * _FORWARD_FLOPS - _FIRST_CONV

CASES = [
    Case(
        op="mnist_cnn",
        name=f"train_{kind}_b{_BATCH}",
        spec={"optimizer": kind},
        flops=_TRAIN_FLOPS * _BATCH,
        data="batch",
    )
    for kind in ("sgdm", "adam")
]


def inputs(_: Case, rng: np.random.Generator) -> Arrays:
    data = {
        "x": normal(rng, _BATCH, 28, 28, 1),
        "labels": rng.integers(0, _CLASSES, _BATCH, dtype=np.int32),
    }
    for i, shape in enumerate(_SHAPES):
        fan = math.prod(shape[:-1]) if len(shape) > 1 else 200
        data[f"w{i}"] = normal(rng, *shape) * np.float32(fan**-0.5)
    return data


def _weights(data: Arrays) -> list[Array]:
    return [data[f"w{i}"] for i in range(len(_SHAPES))]


def reference(_: Case, data: Arrays) -> dict[str, Expected]:
    w = [array.astype(np.float64) for array in _weights(data)]
    x, _ = nn.max_pool2x2(np.maximum(nn.conv2d(data["x"].astype(np.float64), w[0], w[1]), 0))
    x = np.maximum(nn.conv2d(x, w[2], w[3]), 0)[:, :10, :10]  # the odd row and column fall away
    x, _ = nn.max_pool2x2(x)
    loss, _ = nn.softmax_cross_entropy(x.reshape(_BATCH, -1) @ w[4] + w[5], data["labels"])
    return {"loss": Expected(np.array(loss), 0.25 * loss)}


def _brasa(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        import brasa
        from brasa import layers

        model = brasa.Sequential(
            [
                layers.Input((28, 28, 1)),
                layers.Conv2D(32, 3, activation="relu"),
                layers.MaxPooling2D(2),
                layers.Conv2D(64, 3, activation="relu"),
                layers.MaxPooling2D(2),
                layers.Flatten(),
                layers.Dropout(_DROPOUT),
                layers.Dense(_CLASSES, activation="softmax"),
            ]
        )
        rate = lenet.RATES[case.spec["optimizer"]]
        chosen = (
            brasa.optimizers.SGD(rate, momentum=lenet.MOMENTUM)
            if case.spec["optimizer"] == "sgdm"
            else brasa.optimizers.Adam(rate)
        )
        model.compile(chosen, "sparse_categorical_crossentropy")
        model.set_weights(_weights(data))
        return Variant(
            lambda: model.train_on_batch(data["x"], data["labels"]),
            lambda loss: {"loss": np.array(float(loss))},
            stateful=True,
        )

    return {"train_on_batch": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch
    from torch import nn as layers

    from bench.models import torch_steps
    from bench.peers.torch_tensors import LAYOUTS, filters

    def model(layout: str) -> Any:
        # From brasa's flattened (5, 5, 64) to PyTorch's (64, 5, 5).
        flatten = np.arange(1600).reshape(5, 5, 64).transpose(2, 0, 1).reshape(-1)
        net: Any = layers.Sequential(
            *(layers.Conv2d(1, 32, 3), layers.ReLU(), layers.MaxPool2d(2)),
            *(layers.Conv2d(32, 64, 3), layers.ReLU(), layers.MaxPool2d(2)),
            *(layers.Flatten(), layers.Dropout(_DROPOUT), layers.Linear(1600, _CLASSES)),
        )
        w = _weights(data)
        w[4] = w[4][flatten]
        for parameter, array in zip(net.parameters(), w, strict=True):
            if array.ndim == 4:
                parameter.data.copy_(filters(array, layout))
            else:
                parameter.data.copy_(torch.from_numpy(np.ascontiguousarray(array.T)))
        return net.to(memory_format=LAYOUTS[layout])

    return torch_steps.train(
        case.spec["optimizer"], data, model, lambda loss, _: {"loss": np.array(loss)}
    )


PEERS = {"brasa": _brasa, "torch": _torch}
