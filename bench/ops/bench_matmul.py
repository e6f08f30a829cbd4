"""Matrix products: squares, a tall one, LeNet's dense layers and gradients, a row, a bias gradient.

Those in bf16 take float32 here and bf16 at PyTorch, which has its operands converted before.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants, product_bound, sum_bound
from bench.data import aligned_copy, empty, normal


def _product(
    name: str,
    m: int,
    n: int,
    k: int,
    a: bool = False,
    b: bool = False,
    quick: bool = False,
    precision: str = "float32",
) -> Case:
    spec = {"m": m, "n": n, "k": k, "transpose_a": a, "transpose_b": b}
    return Case(
        op="matmul",
        name=name,
        spec=spec if precision == "float32" else {**spec, "precision": precision},
        flops=2.0 * m * n * k,
        quick=quick,
    )


CASES = [
    _product("256", 256, 256, 256, quick=True),
    _product("1024", 1024, 1024, 1024),
    _product("2048", 2048, 2048, 2048, quick=True),
    _product("tall", 25088, 128, 576),
    _product("dense1/fwd", 128, 120, 400, quick=True),
    _product("dense1/bwd_data", 128, 400, 120, b=True),
    _product("dense1/bwd_weight", 400, 120, 128, a=True),
    _product("dense3/fwd", 128, 10, 84),
    _product("1024/bf16", 1024, 1024, 1024, precision="bf16"),
    _product("2048/bf16", 2048, 2048, 2048, precision="bf16"),
    _product("dense1/fwd/bf16", 128, 120, 400, precision="bf16"),
    _product("1024/bf16x3", 1024, 1024, 1024, precision="bf16x3"),
    _product("2048/bf16x3", 2048, 2048, 2048, precision="bf16x3"),
    *[
        Case(
            op="matmul",
            name=f"{name}_4096x4096",
            spec={"m": m, "n": 4096, "k": 4096, "transpose_a": False, "transpose_b": False},
            bytes=4.0 * (4096 * 4096 + 2 * m * 4096),
            bound="bytes",
        )
        for m, name in ((1, "row"), (4, "rows4"), (16, "rows16"))
    ],
    Case(
        op="matmul",
        name="bias_gradient_100352x16",
        spec={"rows": 128 * 28 * 28, "columns": 16},
        bytes=4.0 * 128 * 28 * 28 * 16,
        bound="bytes",
        rotate=True,
    ),
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    s = case.spec
    if "rows" in s:
        return {"dy": normal(rng, s["rows"], s["columns"])}
    a, b = (s["m"], s["k"]), (s["k"], s["n"])
    return {
        "a": normal(rng, *(a[::-1] if s["transpose_a"] else a)),
        "b": normal(rng, *(b[::-1] if s["transpose_b"] else b)),
    }


def _operands(case: Case, data: Arrays) -> tuple[Any, Any]:
    a, b = data["a"], data["b"]
    return (a.T if case.spec["transpose_a"] else a, b.T if case.spec["transpose_b"] else b)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    if "rows" in case.spec:
        rows = case.spec["rows"]
        return {"db": Expected(data["dy"].sum(0, dtype=np.float64), sum_bound(rows, rows**0.5))}
    a, b = _operands(case, data)
    k, some = case.spec["k"], np.unique([0, case.spec["m"] // 2, case.spec["m"] - 1])
    c = a[some].astype(np.float64) @ b.astype(np.float64)
    return {"c": Expected(c, product_bound(case, k, k**0.5), some)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    s = case.spec

    def product() -> Variant:
        c = empty((s["m"], s["n"]))
        how = {name: s[name] for name in ("transpose_a", "transpose_b", "precision") if name in s}
        run = partial(ops.matmul, data["a"], data["b"], **how, out=c)
        return Variant(run, lambda c: {"c": c}, [c])

    def bias_gradient() -> Variant:
        db = empty((s["columns"],))
        run = partial(ops.bias_gradient, aligned_copy(data["dy"]), out=db)
        return Variant(run, lambda db: {"db": db}, [db])

    return {"out": bias_gradient if "rows" in s else product}


def _numpy(case: Case, data: Arrays) -> Variants:
    if case.spec.get("precision") == "bf16":
        return {}

    def product() -> Variant:
        a, b = _operands(case, data)
        c = empty((a.shape[0], b.shape[1]))
        return Variant(partial(np.matmul, a, b, out=c), lambda c: {"c": c}, [c])

    def bias_gradient() -> Variant:
        run = partial(np.sum, aligned_copy(data["dy"]), axis=0)
        return Variant(run, lambda db: {"db": db})

    return {"out": bias_gradient if "rows" in case.spec else product}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, dtype_of, tensor

    s = case.spec

    def product() -> Variant:
        a, b = tensor(data["a"]).to(dtype_of(case)), tensor(data["b"]).to(dtype_of(case))
        a, b = a.T if s["transpose_a"] else a, b.T if s["transpose_b"] else b
        c = torch.empty(s["m"], s["n"], dtype=a.dtype)
        return Variant(partial(torch.mm, a, b, out=c), lambda c: {"c": back(c)}, [c])

    def bias_gradient() -> Variant:
        dy, db = tensor(data["dy"]), torch.empty(s["columns"])
        return Variant(partial(torch.sum, dy, 0, out=db), lambda db: {"db": back(db)}, [db])

    return {"out": bias_gradient if "rows" in s else product}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
