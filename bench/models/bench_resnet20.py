"""CIFAR's ResNet-20: a training step of 128 images, inference of 128.

A step is checked by its loss and by how far the dense layer moved, against NumPy in float64; the
gradients of all layers are compared with PyTorch's in tests/models/test_zoo_torch.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variants
from bench.models import residual, resnet20

_BATCH = 128

CASES = [
    Case(
        op="resnet20",
        name=f"train_sgdm_b{_BATCH}",
        spec={"mode": "train", "batch": _BATCH},
        flops=resnet20.SIZES.train_flops() * _BATCH,
    ),
    Case(
        op="resnet20",
        name=f"infer_b{_BATCH}",
        spec={"mode": "infer", "batch": _BATCH},
        flops=resnet20.SIZES.forward_flops() * _BATCH,
    ),
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return resnet20.SIZES.inputs(case.spec["batch"], rng)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    training = case.spec["mode"] == "train"
    return residual.reference(resnet20.features(data, training=training), data, training=training)


def _model(data: Arrays) -> Any:
    from brasa import models

    model = models.resnet20(resnet20.SIZES.classes, resnet20.SIZES.image)
    weights = []
    for unit in resnet20.SIZES.units:
        weights += [data[f"{unit.name}_w"], *residual.scale_of(unit, data)]
    model.set_weights([*weights, data["dense_w"], data["dense_b"]])
    return model


def _brasa(case: Case, data: Arrays) -> Variants:
    return residual.brasa(case, data, _model)


def _torch(case: Case, data: Arrays) -> Variants:
    from bench.models import residual_torch, resnet20_torch

    return residual_torch.variants(case, data, resnet20_torch.body)


PEERS = {"brasa": _brasa, "torch": _torch}
