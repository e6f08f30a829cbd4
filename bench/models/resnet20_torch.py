"""CIFAR's ResNet-20 in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from bench.case import Array, Arrays, Variants
from bench.models import resnet20, torch_steps
from bench.models.resnet18 import Unit, changes, scale_of
from bench.peers.torch_tensors import LAYOUTS, filters


class _Block(nn.Module):
    def __init__(self, first: Unit, second: Unit, data: Arrays, layout: str) -> None:
        super().__init__()
        self.first = nn.Sequential(*_unit(first, data, layout), nn.ReLU(inplace=True))
        self.second = nn.Sequential(*_unit(second, data, layout))
        self.relu = nn.ReLU(inplace=True)
        self.stride, self.margin = first.stride, (first.filters - first.channels) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.second(self.first(x))
        if self.margin:
            side = x[:, :, :: self.stride, :: self.stride]
            x = nn.functional.pad(side, (0, 0, 0, 0, self.margin, self.margin))
        result: torch.Tensor = self.relu(y + x)
        return result


def _unit(unit: Unit, data: Arrays, layout: str) -> list[Any]:
    conv = nn.Conv2d(unit.channels, unit.filters, 3, unit.stride, 1, bias=False)
    conv.weight.data.copy_(filters(data[f"{unit.name}_w"], layout))
    normal = nn.BatchNorm2d(unit.filters, resnet20.EPSILON)
    tensors = (normal.weight.data, normal.bias.data, normal.running_mean, normal.running_var)
    for tensor, array in zip(tensors, scale_of(unit, data), strict=True):
        tensor.copy_(torch.from_numpy(array))  # type: ignore[union-attr]
    return [conv, normal]


def _model(data: Arrays, layout: str) -> Any:
    dense = nn.Linear(64, resnet20.CLASSES)
    dense.weight.data.copy_(torch.from_numpy(np.ascontiguousarray(data["dense_w"].T)))
    dense.bias.data.copy_(torch.from_numpy(data["dense_b"]))
    model = nn.Sequential(
        *(*_unit(resnet20.STEM, data, layout), nn.ReLU(inplace=True)),
        *(_Block(*block, data, layout) for block in resnet20.BLOCKS),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense),
    )
    return model.to(memory_format=LAYOUTS[layout])


def _dense(model: Any) -> tuple[Array, Array]:
    dense = next(module for module in model if isinstance(module, nn.Linear))
    return dense.weight.detach().numpy().T, dense.bias.detach().numpy()


def train(kind: str, data: Arrays) -> Variants:
    return torch_steps.train(
        kind,
        data,
        lambda layout: _model(data, layout),
        lambda loss, model: changes(data, loss, _dense(model)),
    )


def infer(data: Arrays) -> Variants:
    return torch_steps.infer(data["x"], lambda layout: _model(data, layout))
