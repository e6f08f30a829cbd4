"""What the residual networks share in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from bench.case import Array, Arrays, Case, Variants
from bench.models import torch_steps
from bench.models.residual import EPSILON, Unit, changes, scale_of
from bench.peers.torch_tensors import LAYOUTS, filters


def unit(of: Unit, data: Arrays, layout: str) -> list[Any]:
    """The convolution and the normalization, with the case's weights."""
    conv = nn.Conv2d(of.channels, of.filters, of.size, of.stride, of.size // 2, bias=False)
    conv.weight.data.copy_(filters(data[f"{of.name}_w"], layout))
    normal = nn.BatchNorm2d(of.filters, EPSILON)
    tensors = (normal.weight.data, normal.bias.data, normal.running_mean, normal.running_var)
    for tensor, array in zip(tensors, scale_of(of, data), strict=True):
        tensor.copy_(torch.from_numpy(array))  # type: ignore[union-attr]
    return [conv, normal]


def network(body: list[Any], data: Arrays, layout: str) -> Any:
    """The body, the mean over the image, and the dense layer."""
    dense = nn.Linear(*data["dense_w"].shape)
    dense.weight.data.copy_(torch.from_numpy(np.ascontiguousarray(data["dense_w"].T)))
    dense.bias.data.copy_(torch.from_numpy(data["dense_b"]))
    model = nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense)
    return model.to(memory_format=LAYOUTS[layout])


def _dense(model: Any) -> tuple[Array, Array]:
    dense = model[-1]
    return dense.weight.detach().numpy().T, dense.bias.detach().numpy()


def variants(case: Case, data: Arrays, body: Callable[[Arrays, str], list[Any]]) -> Variants:
    """``body(data, layout)`` lists the modules before the mean."""

    def make(layout: str) -> Any:
        return network(body(data, layout), data, layout)

    if case.spec["mode"] != "train":
        return torch_steps.infer(data["x"], make)
    return torch_steps.train(
        "sgdm", data, make, lambda loss, model: changes(data, loss, _dense(model))
    )
