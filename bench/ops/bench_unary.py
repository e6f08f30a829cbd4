"""Functions of one tensor: bound by memory, but for powers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants, out_and_new
from bench.data import aligned_copy, empty, normal

_SHAPE = (4096, 1000)
_EXPONENT = 1.7

CASES = [
    Case(
        op="unary",
        name=f"{kind}_4096x1000/{one}",
        spec={"kind": kind, "pass": one, "shape": list(_SHAPE)},
        bytes=4.0 * (2 if one == "fwd" else 3) * _SHAPE[0] * _SHAPE[1],
        bound="bytes",
        quick=kind == "log" and one == "fwd",
        rotate=True,
        data="4096x1000",
    )
    for kind, passes in (
        ("abs", ("fwd",)),
        ("erf", ("fwd",)),
        ("exp", ("fwd",)),
        ("hard_silu", ("fwd", "bwd")),
        ("log", ("fwd", "bwd")),
        ("mish", ("fwd", "bwd")),
        ("power", ("fwd", "bwd")),
        ("sin", ("fwd",)),
        ("softplus", ("fwd",)),
        ("sqrt", ("fwd",)),
    )
    for one in passes
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    """All above 0: below it roots, logarithms and powers are NaN."""
    x, dy = (normal(rng, *case.spec["shape"]) for _ in range(2))
    return {"x": np.abs(x) + np.float32(0.01), "dy": dy}


# Of these PyTorch has the function with its gradient.
_ACTIVATIONS = {"hard_silu": "hardswish", "mish": "mish", "softplus": "softplus"}


def _y(kind: str, x: Any) -> Any:
    if kind == "hard_silu":
        return x * np.clip(x + x.dtype.type(3), 0, 6) / x.dtype.type(6)
    if kind in _ACTIVATIONS:
        y = np.logaddexp(x.dtype.type(0), x)
        return x * np.tanh(y) if kind == "mish" else y
    if kind == "erf":
        return np.vectorize(math.erf, otypes=[x.dtype])(x)
    return np.power(x, x.dtype.type(_EXPONENT)) if kind == "power" else getattr(np, kind)(x)


def _dx(kind: str, dy: Any, x: Any) -> Any:
    if kind == "log":
        return dy / x
    if kind == "hard_silu":
        return dy * np.where(x < 3, (2 * x + 3) / x.dtype.type(6), x.dtype.type(1))
    if kind == "mish":
        t = np.tanh(np.logaddexp(x.dtype.type(0), x))
        return dy * (t + x * (1 - t * t) / (1 + np.exp(-x)))
    return dy * x.dtype.type(_EXPONENT) * np.power(x, x.dtype.type(_EXPONENT - 1))


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    kind, some = case.spec["kind"], np.s_[::7]
    x, dy = data["x"][some].astype(np.float64), data["dy"][some].astype(np.float64)
    if case.spec["pass"] == "fwd":
        y = _y(kind, x)
        return {"y": Expected(y, 4e-7 * float(np.abs(y).max()), some)}
    dx = _dx(kind, dy, x)
    return {"dx": Expected(dx, 6e-7 * float(np.abs(dx).max()), some)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops
    from brasa.ops.dispatch import run

    kind = case.spec["kind"]

    def forward(given: bool) -> Variant:
        x, y = aligned_copy(data["x"]), empty(data["x"].shape) if given else None
        function: Callable[..., Any] = getattr(ops, kind)
        more = [_EXPONENT] if kind == "power" else []
        return Variant(partial(function, x, *more, out=y), lambda y: {"y": y}, [y] if given else ())

    def backward(given: bool) -> Variant:
        dy, x = aligned_copy(data["dy"]), aligned_copy(data["x"])
        dx = empty(dy.shape) if given else None
        attributes = {"kind": kind, "exponent": _EXPONENT}
        call = partial(run, "unary_backward", [dy, x], attributes, dx)
        return Variant(call, lambda result: {"dx": result[0]}, [dx] if given else ())

    return out_and_new(forward if case.spec["pass"] == "fwd" else backward)


def _numpy(case: Case, data: Arrays) -> Variants:
    kind = case.spec["kind"]

    def forward() -> Variant:
        return Variant(partial(_y, kind, data["x"].copy()), lambda y: {"y": y})

    def backward() -> Variant:
        dy, x = data["dy"].copy(), data["x"].copy()
        return Variant(partial(_dx, kind, dy, x), lambda dx: {"dx": dx})

    return {"plain": forward if case.spec["pass"] == "fwd" else backward}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    kind = case.spec["kind"]

    def forward() -> Variant:
        x = tensor(data["x"])
        if kind in _ACTIVATIONS:
            run = partial(getattr(torch.nn.functional, _ACTIVATIONS[kind]), x)
            return Variant(run, lambda y: {"y": back(y)})
        y = torch.empty_like(x)
        function: Callable[..., Any] = torch.pow if kind == "power" else getattr(torch, kind)
        more = [_EXPONENT] if kind == "power" else []
        return Variant(partial(function, x, *more, out=y), lambda y: {"y": back(y)}, [y])

    def backward() -> Variant:
        dy, x = tensor(data["dy"]), tensor(data["x"])
        if kind in _ACTIVATIONS:
            run = partial(getattr(torch.ops.aten, f"{_ACTIVATIONS[kind]}_backward"), dy, x)
            return Variant(run, lambda dx: {"dx": back(dx)})

        def slope() -> Any:
            return dy / x if kind == "log" else dy * (_EXPONENT * torch.pow(x, _EXPONENT - 1))

        return Variant(slope, lambda dx: {"dx": back(dx)})

    return {"out": forward} if case.spec["pass"] == "fwd" else {"new": backward}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
