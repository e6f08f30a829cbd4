"""LeNet's convolutions with the batch in the lanes, as its plans run them, against PyTorch's."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Variant, Variants
from bench.data import empty
from bench.ops import bench_conv2d as plain

CASES = [
    replace(case, op="conv2d_lanes")
    for case in plain.CASES
    if case.spec["layer"] in ("lenet1", "lenet2")
]
inputs, reference = plain.inputs, plain.reference


def _moved(x: Any, lanes: int) -> Any:
    """(G, C, H, W, L); 128 images fill every width of lanes."""
    grouped = x.reshape(x.shape[0] // lanes, lanes, *x.shape[1:])
    return np.ascontiguousarray(grouped.transpose(0, 4, 2, 3, 1))


def _back(y: Any) -> Any:
    groups, channels, height, width, lanes = y.shape
    return y.transpose(0, 4, 2, 3, 1).reshape(groups * lanes, height, width, channels)


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import _core

    def build() -> Variant:
        x, dy = (_moved(data[name], _core.lanes()) for name in ("x", "dy"))
        w, b = data["w"], data["b"]
        op, operands, attributes, result = {
            "fwd": ("conv2d_lanes", [x, w, b], {}, empty(dy.shape)),
            "bwd_data": (
                *("conv2d_lanes_backward_data", [dy, w, None]),
                *({"x_shape": list(x.shape)}, empty(x.shape)),
            ),
            "bwd_weight": (
                *("conv2d_lanes_backward_weight", [dy, x, None]),
                *({"w_shape": list(w.shape)}, empty(w.shape)),
            ),
        }[case.spec["pass"]]
        run = partial(_core.run, op, operands, attributes, (result,))
        readout = {
            "fwd": lambda out: {"y": _back(out[0])},
            "bwd_data": lambda out: {"dx": _back(out[0])},
            "bwd_weight": lambda out: {"dw": out[0]},
        }[case.spec["pass"]]
        return Variant(run, readout, [result])

    return {"out": build}


PEERS = {"brasa": _brasa, "torch": plain.PEERS["torch"]}
