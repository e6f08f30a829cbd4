"""The networks of a course: training steps on the images that they are taught with, predictions.

A step is checked by its loss and by how far the last layer's bias moved, against NumPy in float64;
the gradients of all layers are compared with PyTorch's in tests/models/test_zoo_torch.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.data import normal
from bench.models import lenet, zoo_numpy
from bench.models.zoo import NETWORKS

_TRAIN = {
    "mlp": 128,
    "alexnet": 64,
    "vgg11": 64,
    "googlenet": 16,
    "resnet50_64": 8,
    "resnext50_64": 8,
    "se_resnet20": 64,
    "densenet40": 32,
    "mobilenet_64": 16,
    "autoencoder": 128,
    "gan_generator": 64,
    "gan_discriminator": 64,
}
_INFER = ("mlp", "googlenet_224", "resnet50_224", "resnext50_224", "mobilenet_224")  # of one image


def _case(name: str, mode: str, batch: int) -> Case:
    sizes = NETWORKS[name].sizes()
    passes = 3 * sum(sizes.flops) - sizes.flops[0] if mode == "train" else sum(sizes.flops)
    last_bias = [weights for weights in sizes.weights if weights.endswith("_b")][-1]
    return Case(
        op="zoo",
        name=f"{name}/{mode}_b{batch}",
        spec={"network": name, "mode": mode, "batch": batch, "last_bias": last_bias},
        flops=passes * batch,
    )


CASES = [
    *(_case(name, "train", batch) for name, batch in _TRAIN.items()),
    *(_case(name, "infer", 1) for name in _INFER),
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    network, batch = NETWORKS[case.spec["network"]], case.spec["batch"]
    data = {"x": normal(rng, batch, *network.input_shape)}
    if network.loss == "cross_entropy":
        data["target"] = rng.integers(0, 10, batch, dtype=np.int32)
    elif network.loss == "sigmoid_bce":
        data["target"] = rng.integers(0, 2, (batch, 1)).astype(np.float32)
    else:
        low = -1.0 if network.loss == "tanh_mse" else 0.0
        data["target"] = rng.uniform(low, 1, (batch, 28, 28, 1)).astype(np.float32)
    for name, shape in network.sizes().weights.items():
        data[name] = _first_weights(name, shape, rng)
    return data


def _first_weights(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    values = normal(rng, *shape)
    part = name.rsplit("_", 1)[1]
    if part == "w":
        return values * np.float32((2 / np.prod(shape[:-1])) ** 0.5)
    if part == "variance":
        return 1 + np.abs(values)
    return np.abs(values) * np.float32(0.5) if part == "gamma" else values * np.float32(0.1)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    network = NETWORKS[case.spec["network"]]
    return zoo_numpy.reference(network, data, training=case.spec["mode"] == "train")


# ---- brasa --------------------------------------------------------------------------------


def _models() -> dict[str, Callable[[], Any]]:
    from brasa import models

    small, large = (32, 32, 3), (224, 224, 3)
    return {
        "mlp": models.mlp,
        "alexnet": lambda: models.alexnet(10, small, dropout=0, small_images=True, units=512),
        "vgg11": lambda: models.vgg11(10, small, small_images=True, batch_norm=True),
        "googlenet": lambda: models.googlenet(10, small, dropout=0, small_images=True),
        "googlenet_224": lambda: models.googlenet(10, large, dropout=0),
        "resnet50_64": lambda: models.resnet50(10, (64, 64, 3)),
        "resnet50_224": lambda: models.resnet50(10, large),
        "resnext50_64": lambda: models.resnext50(10, (64, 64, 3)),
        "resnext50_224": lambda: models.resnext50(10, large),
        "se_resnet20": lambda: models.se_resnet20(shortcut="projection"),
        "densenet40": models.densenet,
        "mobilenet_64": lambda: models.mobilenet(10, (64, 64, 3)),
        "mobilenet_224": lambda: models.mobilenet(10, large),
        "autoencoder": models.autoencoder,
        "gan_generator": models.gan_generator,
        "gan_discriminator": lambda: models.gan_discriminator(dropout=0),
    }


def _take_weights(model: Any, data: Arrays) -> None:
    """The layers with weights in the order of the calls, kind by kind."""
    from brasa import layers

    kinds = {
        "conv": layers.Conv2D,
        "depthwise": layers.DepthwiseConv2D,
        "norm": layers.BatchNormalization,
        "dense": layers.Dense,
    }
    for name, kind in kinds.items():
        own = [call.layer for call in model.network.calls if isinstance(call.layer, kind)]
        for number, layer in enumerate(own):
            start = f"{name}{number}_"
            layer.set_weights([array for key, array in data.items() if key.startswith(start)])


def _brasa(case: Case, data: Arrays) -> Variants:
    name, losses = case.spec["network"], {"sigmoid_bce": "bce", "cross_entropy": None}
    loss = losses.get(NETWORKS[name].loss, "mse") or "sparse_categorical_crossentropy"
    x, target, bias = data["x"], data["target"], case.spec["last_bias"]

    def train() -> Variant:
        from brasa import optimizers

        model = _models()[name]()
        _take_weights(model, data)
        rate, momentum = lenet.RATES["sgdm"], lenet.MOMENTUM
        model.compile(optimizers.SGD(rate, momentum=momentum), loss)
        before = data[bias].astype(np.float64)

        def changes(loss: Any) -> Arrays:
            weights = [w for layer in model.layers for w in layer.get_weights()]
            return {"loss": np.array(float(loss)), "bias": weights[-1] - before}

        return Variant(lambda: model.train_on_batch(x, target), changes, stateful=True)

    def infer() -> Variant:
        model = _models()[name]()
        _take_weights(model, data)
        return Variant(lambda: model.predict_on_batch(x), lambda y: {"y": np.asarray(y)})

    if case.spec["mode"] == "train":
        return {"train_on_batch": train}
    return {"predict_on_batch": infer}


def _torch(case: Case, data: Arrays) -> Variants:
    from bench.models import zoo_torch

    return zoo_torch.variants(case, NETWORKS[case.spec["network"]], data)


PEERS = {"brasa": _brasa, "torch": _torch}
