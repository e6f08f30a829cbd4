"""ResNet-18 on 224 x 224 pixels: a training step of 16 images, inference of one.

A step is checked by its loss and by how far the dense layer moved, against NumPy in float64; the
gradients of all layers are compared with PyTorch's in tests/models/test_resnet.py.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variants
from bench.models import residual, resnet18

_TRAIN_BATCH = 16

CASES = [
    Case(
        op="resnet18",
        name=f"train_sgdm_b{_TRAIN_BATCH}",
        spec={"mode": "train", "batch": _TRAIN_BATCH},
        flops=resnet18.SIZES.train_flops() * _TRAIN_BATCH,
    ),
    Case(
        op="resnet18",
        name="infer_b1",
        spec={"mode": "infer", "batch": 1},
        flops=resnet18.SIZES.forward_flops(),
    ),
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return resnet18.SIZES.inputs(case.spec["batch"], rng)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    training = case.spec["mode"] == "train"
    return residual.reference(resnet18.features(data, training=training), data, training=training)


def _model(data: Arrays) -> Any:
    from brasa import layers, models

    model = models.resnet18(resnet18.SIZES.classes, resnet18.SIZES.image)
    pairs = zip(
        (layer for layer in model.layers if isinstance(layer, layers.Conv2D)),
        (layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)),
        strict=True,
    )
    for (conv, normal), unit in zip(pairs, resnet18.UNITS, strict=True):
        conv.set_weights([data[f"{unit.name}_w"]])
        normal.set_weights(residual.scale_of(unit, data))
    model.layers[-1].set_weights([data["dense_w"], data["dense_b"]])
    return model


def _brasa(case: Case, data: Arrays) -> Variants:
    return residual.brasa(case, data, _model)


def _torch(case: Case, data: Arrays) -> Variants:
    from bench.models import residual_torch, resnet18_torch

    return residual_torch.variants(case, data, resnet18_torch.body)


def _onnxruntime(case: Case, data: Arrays) -> Variants:
    if case.spec["mode"] != "infer" or importlib.util.find_spec("onnx") is None:
        return {}
    from bench.models import resnet18_onnx

    return resnet18_onnx.infer(data, int(os.environ["OMP_NUM_THREADS"]))


PEERS = {"brasa": _brasa, "torch": _torch, "onnxruntime": _onnxruntime}
