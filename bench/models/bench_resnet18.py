"""ResNet-18 on 224 x 224 pixels: a training step of 16 images, inference of one.

A step is checked by its loss and by how far the dense layer moved, against NumPy in float64; the
gradients of all layers are compared with PyTorch's in tests/models/test_resnet.py.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import numpy as np

from bench import numpy_nn as nn
from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.models import lenet, resnet18
from bench.models.resnet18 import Unit

_TRAIN_BATCH = 16

CASES = [
    Case(
        op="resnet18",
        name=f"train_sgdm_b{_TRAIN_BATCH}",
        spec={"mode": "train", "batch": _TRAIN_BATCH},
        flops=resnet18.TRAIN_FLOPS * _TRAIN_BATCH,
    ),
    Case(
        op="resnet18",
        name="infer_b1",
        spec={"mode": "infer", "batch": 1},
        flops=resnet18.FORWARD_FLOPS,
    ),
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return resnet18.inputs(case.spec["batch"], rng)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    training = case.spec["mode"] == "train"
    h = resnet18.features(data, training=training)
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
    from brasa import layers

    model = brasa.models.resnet18(resnet18.CLASSES, resnet18.IMAGE)
    model.compile(
        brasa.optimizers.SGD(lenet.RATES["sgdm"], momentum=lenet.MOMENTUM),
        "sparse_categorical_crossentropy",
    )
    pairs = zip(
        (layer for layer in model.layers if isinstance(layer, layers.Conv2D)),
        (layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)),
        strict=True,
    )

    def put(_: Unit, filters: Array, scale: list[Array]) -> None:
        conv, normal = next(pairs)
        conv.set_weights([filters])
        normal.set_weights(scale)

    resnet18.each_pair(data, put)
    model.layers[-1].set_weights([data["dense_w"], data["dense_b"]])
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
    from bench.models import resnet18_torch

    if case.spec["mode"] == "train":
        return resnet18_torch.train("sgdm", data)
    return resnet18_torch.infer(data)


def _onnxruntime(case: Case, data: Arrays) -> Variants:
    if case.spec["mode"] != "infer" or importlib.util.find_spec("onnx") is None:
        return {}
    from bench.models import resnet18_onnx

    return resnet18_onnx.infer(data, int(os.environ["OMP_NUM_THREADS"]))


PEERS = {"brasa": _brasa, "torch": _torch, "onnxruntime": _onnxruntime}
