"""GRU layers over whole sequences: MNIST row by row, and a text model."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.case import Array, Arrays
from bench.recurrent import QUICK, SIZES, Cell


def _theirs(array: Array) -> Array:
    """Our gates z, r, g as PyTorch's r, z, n, on the first axis."""
    z, r, g = np.split(array.T, 3)
    return np.ascontiguousarray(np.concatenate([r, z, g]))


def _load(layer: Any, data: Arrays) -> None:
    import torch

    mine = (data["w"], data["u"], data["b"][0], data["b"][1])
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    for name, array in zip(names, mine, strict=True):
        getattr(layer, name).copy_(torch.from_numpy(_theirs(array)))


def _ours(gradient: Array) -> Array:
    r, z, g = np.split(gradient, 3)
    return np.concatenate([z, r, g])


_CELL = Cell("gru", gates=3, biases=2, states=1, layer="GRU", load=_load, ours=_ours)

CASES = _CELL.cases({name: SIZES[name] for name in QUICK})
inputs = _CELL.inputs
reference = _CELL.reference
PEERS = {"brasa": _CELL.brasa, "torch": _CELL.torch}
