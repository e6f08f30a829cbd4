"""Images moved into the lanes and back: what a convolution in that layout costs at its borders."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.data import empty, normal

_SHAPES = {"input_b128": (128, 32, 32, 1), "maps_b128": (128, 5, 5, 16)}

CASES = [
    Case(
        op="lanes",
        name=f"{name}/{way}",
        spec={"shape": list(shape), "way": way},
        bytes=float(8 * np.prod(shape)),
        bound="bytes",
        data=name,
    )
    for name, shape in _SHAPES.items()
    for way in ("to", "from")
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {"x": normal(rng, *case.spec["shape"])}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    return {"y": Expected(data["x"].astype(np.float64), 0.0)}


def _moved(x: Any, lanes: int) -> Any:
    """(G, C, H, W, L); 128 images fill every width of lanes."""
    groups = x.shape[0] // lanes
    return x.reshape(groups, lanes, *x.shape[1:]).transpose(0, 4, 2, 3, 1)


def _back(y: Any, shape: tuple[int, ...]) -> Any:
    return y.transpose(0, 4, 2, 3, 1).reshape(shape)


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import _core

    lanes, shape = _core.lanes(), tuple(case.spec["shape"])

    def build() -> Variant:
        moved = np.ascontiguousarray(_moved(data["x"], lanes))
        if case.spec["way"] == "to":
            y = empty(moved.shape)
            run = partial(_core.run, "to_lanes", [data["x"]], {"repeat": True}, (y,))
            return Variant(run, lambda out: {"y": _back(out[0], shape)}, [y])
        y = empty(shape)
        run = partial(_core.run, "from_lanes", [moved], {"rows": shape[0]}, (y,))
        return Variant(run, lambda out: {"y": out[0]}, [y])

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    shape = tuple(case.spec["shape"])

    def build() -> Variant:
        moved = np.ascontiguousarray(_moved(data["x"], 8))
        if case.spec["way"] == "to":
            return Variant(
                lambda: np.ascontiguousarray(_moved(data["x"], 8)), lambda y: {"y": _back(y, shape)}
            )
        return Variant(lambda: np.ascontiguousarray(_back(moved, shape)), lambda y: {"y": y})

    return {"transpose": build}


PEERS = {"brasa": _brasa, "numpy": _numpy}
