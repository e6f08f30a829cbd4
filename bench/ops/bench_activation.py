"""Activations, forward and backward: bound by memory (all but relu nearly so)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants, out_and_new
from bench.data import aligned_copy, empty, normal

SHAPES = {"4096x1000": (4096, 1000), "65536x10": (65536, 10), "32x64x112x112": (32, 112, 112, 64)}

# relu selects: exact. The others: 4 ulp of values up to 1 (gelu: 5), and the rounding of a product.
_BOUND = {"relu": 0.0, "elu": 1e-6, "sigmoid": 1e-6, "tanh": 1e-6, "gelu": 2e-6, "silu": 1e-6}

_FROM_X = ("gelu", "silu")  # backward passes that start from x


def _case(kind: str, one: str, shape: str, quick: bool = False) -> Case:
    arrays = 2 if one == "fwd" else 3
    return Case(
        op="activation",
        name=f"{kind}_{shape}/{one}",
        spec={"kind": kind, "pass": one, "shape": list(SHAPES[shape])},
        bytes=4.0 * arrays * math.prod(SHAPES[shape]),
        bound="bytes",
        quick=quick,
        rotate=True,
        data=shape,
    )


CASES = [
    *(
        _case("relu", one, shape, shape == "4096x1000")
        for shape in SHAPES
        for one in ("fwd", "bwd")
    ),
    *(
        _case(kind, one, "4096x1000")
        for kind in ("elu", "sigmoid", "tanh", "gelu", "silu")
        for one in ("fwd", "bwd")
    ),
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    return {name: normal(rng, *case.spec["shape"]) for name in ("x", "dy")}


def _y(kind: str, x: Any) -> Any:
    """The forward pass; backward passes start from it rounded to float32."""
    if kind == "relu":
        return np.maximum(x, 0)
    if kind == "elu":
        return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
    if kind == "gelu":
        return x * _normal(x)
    s = 1 / (1 + np.exp(-x))
    return x * s if kind == "silu" else np.tanh(x) if kind == "tanh" else s


def _normal(x: Any) -> Any:
    """The share of the normal distribution below x. NumPy has no erf."""
    return np.vectorize(lambda v: math.erfc(-v * math.sqrt(0.5)) / 2, otypes=[x.dtype])(x)


def _known(kind: str, x: Any) -> Any:
    """What a backward pass starts from."""
    return x if kind in _FROM_X else _y(kind, x)


def _dx(kind: str, dy: Any, y: Any) -> Any:
    if kind == "relu":
        return dy * (y > 0)
    if kind == "elu":
        return np.where(y > 0, dy, dy * (y + 1))
    if kind == "gelu":
        return dy * (_normal(y) + y * np.exp(-y * y / 2) / math.sqrt(2 * math.pi))
    if kind == "silu":
        s = 1 / (1 + np.exp(-y))
        return dy * s * (1 + y * (1 - s))
    return dy * (1 - y * y) if kind == "tanh" else dy * y * (1 - y)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    kind, some = case.spec["kind"], np.s_[::7]
    x, dy = data["x"][some].astype(np.float64), data["dy"][some].astype(np.float64)
    if case.spec["pass"] == "fwd":
        return {"y": Expected(_y(kind, x), _BOUND[kind], some)}
    y = _known(kind, data["x"])[some].astype(np.float64)
    return {"dx": Expected(_dx(kind, dy, y), 10 * _BOUND[kind], some)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    kind = case.spec["kind"]

    def forward(given: bool) -> Variant:
        x, y = aligned_copy(data["x"]), empty(data["x"].shape) if given else None
        return Variant(
            partial(getattr(ops, kind), x, out=y), lambda y: {"y": y}, [y] if given else ()
        )

    def backward(given: bool) -> Variant:
        y, dy = aligned_copy(_known(kind, data["x"])), aligned_copy(data["dy"])
        dx = empty(dy.shape) if given else None
        run = partial(getattr(ops, f"{kind}_backward"), dy, y, out=dx)
        return Variant(run, lambda dx: {"dx": dx}, [dx] if given else ())

    return out_and_new(forward if case.spec["pass"] == "fwd" else backward)


def _numpy(case: Case, data: Arrays) -> Variants:
    kind = case.spec["kind"]
    if kind == "gelu":
        return {}

    def forward() -> Variant:
        x = data["x"].copy()
        return Variant(partial(_y, kind, x), lambda y: {"y": y})

    def backward() -> Variant:
        y, dy = _known(kind, data["x"]), data["dy"].copy()
        return Variant(partial(_dx, kind, dy, y), lambda dx: {"dx": dx})

    return {"plain": forward if case.spec["pass"] == "fwd" else backward}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    kind = case.spec["kind"]
    aten = torch.ops.aten
    forwards: dict[str, Callable[..., Any]] = {
        "relu": lambda x, **out: torch.clamp_min(x, 0, **out) if out else torch.relu(x),
        "elu": aten.elu,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "gelu": aten.gelu,
        "silu": aten.silu,
    }
    # With the arguments between dy and y, and those behind y.
    backwards: dict[str, tuple[Any, tuple[Any, ...], tuple[int, ...]]] = {
        "relu": (aten.threshold_backward, (), (0,)),
        "elu": (aten.elu_backward, (1, 1, 1, True), ()),
        "sigmoid": (aten.sigmoid_backward, (), ()),
        "tanh": (aten.tanh_backward, (), ()),
        "gelu": (aten.gelu_backward, (), ()),
        "silu": (aten.silu_backward, (), ()),
    }

    def forward(with_out: bool) -> Variant:
        x = tensor(data["x"])
        out = {"out": torch.empty_like(x)} if with_out else {}
        run = partial(forwards[kind], x, **out)
        return Variant(run, lambda y: {"y": back(y)}, list(out.values()))

    def backward(with_out: bool) -> Variant:
        y, dy = tensor(_known(kind, data["x"])), tensor(data["dy"])
        op, before, behind = backwards[kind]
        if not with_out:
            return Variant(partial(op, dy, *before, y, *behind), lambda dx: {"dx": back(dx)})
        dx = torch.empty_like(dy)
        run = partial(op.grad_input, dy, *before, y, *behind, grad_input=dx)
        return Variant(run, lambda dx: {"dx": back(dx)}, [dx])

    build = forward if case.spec["pass"] == "fwd" else backward
    return {"out": partial(build, True), "new": partial(build, False)}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
