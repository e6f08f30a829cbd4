"""CIFAR's ResNet-20 in PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from bench.case import Arrays
from bench.models import resnet20
from bench.models.residual import Unit
from bench.models.residual_torch import unit


class _Block(nn.Module):
    def __init__(self, first: Unit, second: Unit, data: Arrays, layout: str) -> None:
        super().__init__()
        self.first = nn.Sequential(*unit(first, data, layout), nn.ReLU(inplace=True))
        self.second = nn.Sequential(*unit(second, data, layout))
        self.relu = nn.ReLU(inplace=True)
        self.stride, self.margin = first.stride, (first.filters - first.channels) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.second(self.first(x))
        if self.margin:
            side = x[:, :, :: self.stride, :: self.stride]
            x = nn.functional.pad(side, (0, 0, 0, 0, self.margin, self.margin))
        result: torch.Tensor = self.relu(y + x)
        return result


def body(data: Arrays, layout: str) -> list[Any]:
    """The modules before the mean."""
    stem = [*unit(resnet20.STEM, data, layout), nn.ReLU(inplace=True)]
    return [*stem, *(_Block(*block, data, layout) for block in resnet20.BLOCKS)]
