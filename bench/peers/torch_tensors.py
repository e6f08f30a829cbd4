"""brasa's channels-last arrays to PyTorch's layouts and back.

PyTorch allocates every tensor, since its allocator is part of what is measured.
"""

from __future__ import annotations

from typing import Any

import torch

from bench.case import Array, Case

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def tensor(x: Array) -> torch.Tensor:
    return torch.from_numpy(x).clone()


def images(x: Array, layout: str) -> torch.Tensor:
    """(N,H,W,C) -> (N,C,H,W); rows of a matrix stay as they are."""
    if x.ndim == 2:
        return tensor(x)
    return torch.from_numpy(x).permute(0, 3, 1, 2).clone(memory_format=LAYOUTS[layout])


def filters(w: Array, layout: str) -> torch.Tensor:
    """(R,S,C,K) -> (K,C,R,S)"""
    return torch.from_numpy(w).permute(3, 2, 0, 1).clone(memory_format=LAYOUTS[layout])


def images_back(x: torch.Tensor) -> Array:
    array: Array = x.float().permute(0, 2, 3, 1).contiguous().numpy()
    return array


def filters_back(w: torch.Tensor) -> Array:
    array: Array = w.float().permute(2, 3, 1, 0).contiguous().numpy()
    return array


def dtype_of(case: Case) -> torch.dtype:
    """What a case multiplies here: three parts of bf16 compare with float32."""
    return torch.bfloat16 if case.spec.get("precision") == "bf16" else torch.float32


def back(x: Any) -> Array:
    array: Array = x.detach().float().numpy()
    return array
