"""Losses with their gradients in one pass: logits in, gradient out."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench import numpy_nn
from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty, normal

SHAPES = {"4096x1000": (4096, 1000), "65536x10": (65536, 10)}


def _case(kind: str, shape: str, arrays: int) -> Case:
    rows, classes = SHAPES[shape]
    return Case(
        op="loss",
        name=f"{kind}_{shape}",
        spec={"kind": kind, "rows": rows, "classes": classes},
        bytes=4.0 * arrays * rows * classes,
        bound="bytes",
        quick=kind == "softmax_ce",
        rotate=True,
        data=shape,
    )


CASES = [
    _case("softmax_ce", "4096x1000", 2),
    _case("softmax_ce", "65536x10", 2),
    _case("mse", "4096x1000", 3),
    _case("mae", "4096x1000", 3),
    _case("huber", "4096x1000", 3),
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    rows, classes = case.spec["rows"], case.spec["classes"]
    return {
        "logits": normal(rng, rows, classes),
        "target": normal(rng, rows, classes),
        "labels": rng.integers(0, classes, rows, dtype=np.int32),
    }


def _mse(z: Array, t: Array) -> tuple[float, Array]:
    difference = z - t
    return float((difference * difference).mean()), difference * (2 / z.size)


def _mae(z: Array, t: Array) -> tuple[float, Array]:
    difference = z - t
    return float(np.abs(difference).mean()), np.sign(difference) * (1 / z.size)


def _huber(z: Array, t: Array) -> tuple[float, Array]:
    difference = z - t
    clipped = np.clip(difference, -1, 1)
    return float((clipped * (difference - clipped / 2)).mean()), clipped * (1 / z.size)


OF_ERRORS = {"huber": _huber, "mae": _mae, "mse": _mse}


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    z, of_errors = data["logits"].astype(np.float64), OF_ERRORS.get(case.spec["kind"])
    if of_errors is not None:
        loss, gradient = of_errors(z, data["target"].astype(np.float64))
        size = 2 / z.size * 4
    else:
        loss, gradient = numpy_nn.softmax_cross_entropy(z, data["labels"])
        size = 1 / case.spec["rows"]
    return {
        "loss": Expected(np.array(loss), 2e-5 * loss),  # float32 sums of some peers
        "gradient": Expected(gradient, 4e-6 * size),
    }


def _arrays(result: Any) -> Arrays:
    loss, gradient = result
    return {"loss": np.array(float(loss)), "gradient": np.asarray(gradient)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    def build() -> Variant:
        z = aligned_copy(data["logits"])
        gradient = empty(z.shape)
        errors = {
            "huber": ops.huber,
            "mae": ops.mean_absolute_error,
            "mse": ops.mean_squared_error,
        }
        if case.spec["kind"] in errors:
            loss = errors[case.spec["kind"]]
            run = partial(loss, z, aligned_copy(data["target"]), out=gradient)
        else:
            run = partial(ops.softmax_cross_entropy, z, data["labels"], out=gradient)
        return Variant(run, _arrays, [gradient])

    return {"out": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        z, of_errors = data["logits"].copy(), OF_ERRORS.get(case.spec["kind"])
        if of_errors is not None:
            return Variant(partial(of_errors, z, data["target"].copy()), _arrays)
        return Variant(partial(numpy_nn.softmax_cross_entropy, z, data["labels"]), _arrays)

    return {"plain": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch
    from torch.nn import functional

    from bench.peers.torch_tensors import tensor

    kind = case.spec["kind"]
    losses = {
        "huber": functional.huber_loss,
        "mae": functional.l1_loss,
        "mse": functional.mse_loss,
    }
    of_rows = losses.get(kind, functional.cross_entropy)

    def step(z: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        loss = of_rows(z, target)
        return loss, torch.autograd.grad(loss, z)[0]

    def build(compiled: bool) -> Variant:
        z = tensor(data["logits"]).requires_grad_()
        target = tensor(data["target"] if kind in losses else data["labels"].astype(np.int64))
        function = torch.compile(step) if compiled else step

        def run() -> Any:
            with torch.enable_grad():
                return function(z, target)

        return Variant(run, lambda result: _arrays([one.detach() for one in result]))

    return {"eager": partial(build, False), "compile": partial(build, True)}


def _jax(case: Case, data: Arrays) -> Variants:
    import jax
    import jax.numpy as jnp

    def cross_entropy(z: Any, labels: Any) -> Any:
        return -jnp.take_along_axis(jax.nn.log_softmax(z), labels[:, None], 1).mean()

    def huber(z: Any, target: Any) -> Any:
        clipped = jnp.clip(z - target, -1, 1)
        return (clipped * (z - target - clipped / 2)).mean()

    def mae(z: Any, target: Any) -> Any:
        return jnp.abs(z - target).mean()

    def mse(z: Any, target: Any) -> Any:
        return ((z - target) ** 2).mean()

    def build() -> Variant:
        kind = case.spec["kind"]
        wanted = "target" if kind in OF_ERRORS else "labels"
        z, target = jnp.array(data["logits"]), jnp.array(data[wanted])
        of_errors = {"huber": huber, "mae": mae, "mse": mse}
        step = jax.jit(jax.value_and_grad(of_errors.get(kind, cross_entropy)))
        return Variant(lambda: jax.block_until_ready(step(z, target)), _arrays)

    return {"jit": build}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch, "jax": _jax}
