"""CIFAR's ResNet-20: a training step of 128 images, inference of 128.

A step is checked by its loss and by how far the dense layer moved, against NumPy in float64; the
gradients of all layers are compared with PyTorch's in tests/models/test_zoo_torch.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench import numpy_nn as nn
from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.models import lenet, resnet18, resnet20

_BATCH = 128

CASES = [
    Case(
        op="resnet20",
        name=f"train_sgdm_b{_BATCH}",
        spec={"mode": "train", "batch": _BATCH},
        flops=resnet20.TRAIN_FLOPS * _BATCH,
    ),
    Case(
        op="resnet20",
        name=f"infer_b{_BATCH}",
        spec={"mode": "infer", "batch": _BATCH},
        flops=resnet20.FORWARD_FLOPS * _BATCH,
    ),
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return resnet20.inputs(case.spec["batch"], rng)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    training = case.spec["mode"] == "train"
    h = resnet20.features(data, training=training)
    logits = h @ data["dense_w"].astype(np.float64) + data["dense_b"]
    if not training:
        return {"y": Expected(nn.softmax(logits), 1e-5)}
    loss, d = nn.softmax_cross_entropy(logits, data["labels"])
    rate = lenet.RATES["sgdm"]
    steps = {"dense_w": -rate * h.T @ d, "dense_b": -rate * d.sum(0)}
    # One percent of a typical step, and the rounding of the weight.
    bounds = {name: 0.01 * float(np.sqrt((s**2).mean())) + 2e-7 for name, s in steps.items()}
    return {
        "loss": Expected(np.array(loss), 1e-4 * loss),
        **{name: Expected(step, bounds[name]) for name, step in steps.items()},
    }


def _brasa_model(data: Arrays) -> Any:
    import brasa

    model = brasa.models.resnet20(resnet20.CLASSES, resnet20.IMAGE)
    model.compile(
        brasa.optimizers.SGD(lenet.RATES["sgdm"], momentum=lenet.MOMENTUM),
        "sparse_categorical_crossentropy",
    )
    weights = []
    for unit in resnet20.UNITS:
        weights += [data[f"{unit.name}_w"], *resnet18.scale_of(unit, data)]
    model.set_weights([*weights, data["dense_w"], data["dense_b"]])
    return model


def _brasa(case: Case, data: Arrays) -> Variants:
    x, labels = data["x"], data["labels"]

    def train() -> Variant:
        model = _brasa_model(data)
        return Variant(
            lambda: model.train_on_batch(x, labels),
            lambda loss: resnet18.changes(data, float(loss), model.layers[-1].get_weights()),
            stateful=True,
        )

    def infer() -> Variant:
        model = _brasa_model(data)
        return Variant(lambda: model.predict_on_batch(x), lambda y: {"y": np.asarray(y)})

    if case.spec["mode"] == "train":
        return {"train_on_batch": train}
    return {"predict_on_batch": infer}


def _torch(case: Case, data: Arrays) -> Variants:
    from bench.models import resnet20_torch

    if case.spec["mode"] == "train":
        return resnet20_torch.train("sgdm", data)
    return resnet20_torch.infer(data)


PEERS = {"brasa": _brasa, "torch": _torch}
