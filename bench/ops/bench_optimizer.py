"""Optimizer steps on 25 million parameters, as one tensor and as ResNet-50's 160.

brasa keeps all parameters of a model in one flat buffer, so both cases are the same call for it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, normal

_COUNT = 25_000_000
_RATE, _MOMENTUM, _BETA_1, _BETA_2, _EPSILON = 1e-3, 0.9, 0.9, 0.999, 1e-7
_RHO, _DECAY = 0.9, 0.01
# Floats read and written for each parameter.
_TRAFFIC = {
    "sgdm": 5,
    "adam": 7,
    "adamw": 7,
    "rmsprop": 5,
    "adagrad": 5,
    "adadelta": 7,
    "adamax": 7,
    "nadam": 7,
    "lion": 5,
    "ftrl": 7,
    "lamb": 10,  # two passes
}
# Those whose step is the same function of weights, gradients and cleared slots in PyTorch.
_PLAIN_TORCH = {
    "adadelta": ("Adadelta", {"lr": _RATE, "rho": 0.95, "eps": _EPSILON}),
    "adamax": ("Adamax", {"lr": _RATE, "betas": (_BETA_1, _BETA_2), "eps": _EPSILON}),
    "nadam": (
        "NAdam",
        {"lr": _RATE, "betas": (_BETA_1, _BETA_2), "eps": _EPSILON, "momentum_decay": 1.0},
    ),
}

CASES = [
    Case(
        op="optimizer",
        name=f"{kind}_25M_{tensors}tensor{'s' if tensors > 1 else ''}",
        spec={"kind": kind, "tensors": tensors},
        bytes=4.0 * _TRAFFIC[kind] * _COUNT,
        bound="bytes",
        quick=tensors == 1,
        data="25M",
    )
    for tensors in (1, 160)
    for kind in _TRAFFIC
    if tensors == 1 or kind in ("sgdm", "adam")
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    p, g, slot = (normal(rng, _COUNT) for _ in range(3))
    slot *= 1e-3  # the size of a velocity: a few steps of the learning rate
    return {"p": p, "g": g, "velocity": slot}


_OTHERS = ("adadelta", "adamax", "nadam", "lion", "ftrl", "lamb")


def _first_moves(kind: str, g: Any, p: Any) -> Any:
    """What the first step from cleared slots is, over the learning rate; ``p``: all parameters."""
    if kind == "lamb":
        return np.sqrt(np.mean(np.square(p, dtype=np.float64))) * np.sign(g)
    if kind == "adadelta":
        return g * np.sqrt(_EPSILON / (0.05 * g * g + _EPSILON))
    if kind == "adamax":
        return g / (np.abs(g) + _EPSILON)
    if kind in ("lion", "ftrl"):
        return np.sign(g)
    now, later = (_BETA_1 * (1 - 0.5 * 0.96**t) for t in (1, 2))
    ahead = later / (1 - now * later) * (1 - _BETA_1) + 1.0
    return ahead * g / (np.abs(g) + _EPSILON)


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    """One step from a known velocity; Adam from zero moments, as at the start of a training."""
    some = np.s_[::97]
    p, g, velocity = (data[name][some].astype(np.float64) for name in ("p", "g", "velocity"))
    if case.spec["kind"] == "sgdm":
        p = p + _MOMENTUM * velocity - _RATE * g
    elif case.spec["kind"] == "rmsprop":
        p = p - _RATE * g / np.sqrt((1 - _RHO) * g * g + _EPSILON)
    elif case.spec["kind"] == "adagrad":
        p = p - _RATE * g / np.sqrt(g * g + _EPSILON)
    elif case.spec["kind"] in _OTHERS:
        p = p - _RATE * _first_moves(case.spec["kind"], g, data["p"])
    else:
        m, v = (1 - _BETA_1) * g, (1 - _BETA_2) * g * g
        rate = _RATE * (1 - _BETA_2) ** 0.5 / (1 - _BETA_1)
        p = p - (_RATE * _DECAY * p if case.spec["kind"] == "adamw" else 0)
        p = p - rate * m / (np.sqrt(v) + _EPSILON)
    # Two half ulp of a p up to 6, and the step's rounding; ftrl's passes through a product by p.
    return {"p": Expected(p, 4e-6 if case.spec["kind"] == "ftrl" else 1e-6, some)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    def build() -> Variant:
        p, g = aligned_copy(data["p"]), data["g"]
        if case.spec["kind"] == "sgdm":
            step = partial(ops.sgd_step, p, g, aligned_copy(data["velocity"]), _RATE, _MOMENTUM)
        elif case.spec["kind"] == "rmsprop":
            v = aligned_copy(np.zeros_like(p))
            step = partial(ops.rmsprop_step, p, g, v, learning_rate=_RATE)
        elif case.spec["kind"] == "adagrad":
            step = partial(ops.adagrad_step, p, g, aligned_copy(np.zeros_like(p)), _RATE)
        elif case.spec["kind"] in _OTHERS:
            kind = case.spec["kind"]
            count = 1 if kind == "lion" else 2
            slots = [aligned_copy(np.zeros_like(p)) for _ in range(count)]
            more = [1] if kind in ("adamax", "nadam", "lamb") else []
            step = partial(getattr(ops, f"{kind}_step"), p, g, *slots, *more, _RATE)
        else:
            m, v = aligned_copy(np.zeros_like(p)), aligned_copy(np.zeros_like(p))
            step = partial(ops.adam_step, p, g, m, v, 1, _RATE, _BETA_1, _BETA_2, _EPSILON)
            if case.spec["kind"] == "adamw":
                step = partial(step, weight_decay=_DECAY)
        return Variant(step, lambda _: {"p": p}, stateful=True)

    return {"flat": build}


def _numpy(case: Case, data: Arrays) -> Variants:
    def build() -> Variant:
        p, g, velocity = data["p"].copy(), data["g"], data["velocity"].copy()
        m, v = np.zeros_like(p), np.zeros_like(p)

        def sgdm() -> None:
            velocity[...] = _MOMENTUM * velocity - _RATE * g
            p[...] += velocity

        def adam() -> None:
            m[...] += (1 - _BETA_1) * (g - m)
            v[...] += (1 - _BETA_2) * (g * g - v)
            rate = _RATE * (1 - _BETA_2) ** 0.5 / (1 - _BETA_1)
            p[...] -= rate * m / (np.sqrt(v) + _EPSILON)

        def adamw() -> None:
            p[...] -= _RATE * _DECAY * p
            adam()

        def rmsprop() -> None:
            v[...] += (1 - _RHO) * (g * g - v)
            p[...] -= _RATE * g / np.sqrt(v + _EPSILON)

        def adagrad() -> None:
            v[...] += g * g
            p[...] -= _RATE * g / np.sqrt(v + _EPSILON)

        def first() -> None:
            p[...] -= _RATE * _first_moves(case.spec["kind"], g, p)

        if case.spec["kind"] in _OTHERS:  # without the slots: less than the others do
            return Variant(first, lambda _: {"p": p}, stateful=True)
        steps = {run.__name__: run for run in (sgdm, adam, adamw, rmsprop, adagrad)}
        return Variant(steps[case.spec["kind"]], lambda _: {"p": p}, stateful=True)

    return {"plain": build}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import tensor

    def build(**how: bool) -> Variant:
        flat = tensor(data["p"])
        cuts = [len(flat) // case.spec["tensors"]] * (case.spec["tensors"] - 1)
        sizes = [*cuts, len(flat) - sum(cuts)]
        parameters = [part.clone().requires_grad_() for part in flat.split(sizes)]
        for part, gradient in zip(parameters, tensor(data["g"]).split(sizes), strict=True):
            part.grad = gradient.clone()
        optimizer: torch.optim.Optimizer
        if case.spec["kind"] == "sgdm":
            optimizer = torch.optim.SGD(parameters, _RATE, _MOMENTUM, **how)
            # PyTorch's buffer is the velocity over -learning_rate.
            buffers = (tensor(data["velocity"]) / -_RATE).split(sizes)
            for part, buffer in zip(parameters, buffers, strict=True):
                optimizer.state[part]["momentum_buffer"] = buffer.clone()
        elif case.spec["kind"] == "rmsprop":
            # PyTorch adds epsilon to the root: here the mean square brings Keras's along.
            optimizer = torch.optim.RMSprop(parameters, _RATE, _RHO, 0.0, foreach=True)
            for part in parameters:
                square = torch.full_like(part, _EPSILON / _RHO).detach()
                optimizer.state[part] = {"step": torch.tensor(0.0), "square_avg": square}
        elif case.spec["kind"] == "adagrad":
            optimizer = torch.optim.Adagrad(
                parameters, _RATE, initial_accumulator_value=_EPSILON, eps=0.0, **how
            )
        elif case.spec["kind"] in _PLAIN_TORCH:
            name, arguments = _PLAIN_TORCH[case.spec["kind"]]
            optimizer = getattr(torch.optim, name)(parameters, foreach=True, **arguments)
        else:
            # PyTorch adds epsilon after the bias correction, the paper's faster form before it.
            epsilon = _EPSILON / (1 - _BETA_2) ** 0.5
            betas = (_BETA_1, _BETA_2)
            if case.spec["kind"] == "adamw":
                optimizer = torch.optim.AdamW(
                    parameters, _RATE, betas, epsilon, weight_decay=_DECAY, **how
                )
            else:
                optimizer = torch.optim.Adam(parameters, _RATE, betas, epsilon, **how)

        def arrays(_: Any) -> Arrays:
            return {"p": torch.cat([part.detach() for part in parameters]).numpy()}

        return Variant(optimizer.step, arrays, stateful=True)

    if case.spec["kind"] in ("lion", "ftrl", "lamb"):
        return {}
    foreach = {"foreach": partial(build, foreach=True)}
    fused = {"fused": partial(build, fused=True)}
    return foreach if case.spec["kind"] in ("rmsprop", *_PLAIN_TORCH) else {**fused, **foreach}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
