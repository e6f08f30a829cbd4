"""ResNet-18 in PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from bench.case import Arrays
from bench.models import resnet18
from bench.models.residual_torch import unit
from bench.models.resnet18 import Block


class _Block(nn.Module):
    def __init__(self, block: Block, data: Arrays, layout: str) -> None:
        super().__init__()
        self.first = nn.Sequential(*unit(block.first, data, layout), nn.ReLU(inplace=True))
        self.second = nn.Sequential(*unit(block.second, data, layout))
        self.side = nn.Sequential(*unit(block.side, data, layout)) if block.side else None
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.second(self.first(x))
        result: torch.Tensor = self.relu(y + (self.side(x) if self.side is not None else x))
        return result


def body(data: Arrays, layout: str) -> list[Any]:
    """The modules before the mean."""
    stem = [*unit(resnet18.STEM, data, layout), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    return [*stem, *(_Block(block, data, layout) for block in resnet18.BLOCKS)]
