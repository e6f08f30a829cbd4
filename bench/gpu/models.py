"""Training steps and epochs: LeNet-5 with a batch of 128, an epoch of MNIST's size, an LSTM."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import brasa
from bench.gpu.peers import torch_on
from bench.gpu.results import Results, Row, arguments
from bench.gpu.timing import measure
from brasa import Sequential, feeds, layers, training
from brasa.models import lenet5

BATCH = 128


def main() -> None:
    given = arguments(__doc__ or "")
    results, rng = Results(given.out), np.random.default_rng(1)
    _lenet_step(results, rng, given)
    _epoch(results, rng, given)
    _lstm(results, rng, given)


def compiled(model: Any, device: str, from_logits: bool = False) -> Any:
    """The model on the device, with Adam and the usual loss."""
    loss = brasa.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile("adam", loss, device=device)
    return model


def brasa_step(model: Any, x: Any, y: Any, batch: int) -> Row:
    """The step that fit makes, with the rows picked from data on the device."""
    engine = model.engine
    data = feeds.data_set("bench", model.network, x, y=y, losses=model.objective.losses)
    runner = training.Runner(engine, "train", data, indexed=True)
    order = np.arange(len(x))
    starts = range(0, len(x) - batch + 1, batch)
    rows = [order[start : start + batch] for start in starts] * 2
    turn = iter(())

    def run() -> None:
        nonlocal turn
        index = next(turn, None)
        if index is None:
            turn = iter(rows)
            index = next(turn)
        runner.picked(index)

    timed = measure(run, runner.logs)
    loss = runner.logs()["loss"]
    assert np.isfinite(loss), f"the loss is {loss}"
    plan = next(iter(engine._plans.values()))._plan
    return {**timed, "loss": loss, "graph_replays": plan.replays}


def torch_steps(results: Results, case: str, net: Callable[[], Any], x: Any, y: Any) -> None:
    """A fixed batch: the peer does not pick rows."""
    peers = torch_on()
    inputs, labels = peers.of(x), peers.of(y)
    for who, make in peers.steps(net(), lambda: (inputs, labels)).items():
        results.measure(case, who, lambda make=make: measure(make(), peers.sync))


def _lenet_step(results: Results, rng: np.random.Generator, given: Any) -> None:
    batch = 8 if given.quick else BATCH
    x, y = _images(rng, 4 * batch, 32)
    case = f"lenet step b{batch}"
    results.measure(
        case,
        "brasa",
        lambda: brasa_step(compiled(lenet5(10, (32, 32, 1)), given.device), x, y, batch),
    )
    pictures = x[:batch].transpose(0, 3, 1, 2).copy()
    torch_steps(results, case, lambda: torch_on().lenet(32), pictures, y[:batch])


def _epoch(results: Results, rng: np.random.Generator, given: Any) -> None:
    count = 64 if given.quick else 60_000
    batch = 16 if given.quick else BATCH
    x, y = _images(rng, count, 28)
    case = f"epoch of {count}, b{batch}"

    def ours() -> Row:
        model = compiled(lenet5(10, (28, 28, 1)), given.device)
        times = []
        for _ in range(4):  # the first loads kernels
            start = time.perf_counter()
            model.fit(x, y, batch_size=batch, epochs=1, verbose=0)
            times.append(time.perf_counter() - start)
        return {"seconds": min(times), "first": times[0], "samples_per_second": count / min(times)}

    results.measure(case, "brasa (fit, data from the host)", ours)
    results.measure(case, "torch (eager, data on the GPU)", lambda: _torch_epoch(x, y, batch))


def _torch_epoch(x: Any, y: Any, batch: int) -> Row:
    peers = torch_on()
    torch = peers.torch
    images, labels = peers.of(x.transpose(0, 3, 1, 2).copy()), peers.of(y)
    rows = torch.arange(batch, device=peers.device)
    step = peers.steps(peers.lenet(28), lambda: (images[rows], labels[rows]))["torch (eager)"]()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        order = torch.randperm(len(images), device=peers.device)
        for first in range(0, len(images) - batch + 1, batch):
            rows.copy_(order[first : first + batch])
            step()
        peers.sync()
        times.append(time.perf_counter() - start)
    return {"seconds": min(times), "samples_per_second": len(images) / min(times)}


def _lstm(results: Results, rng: np.random.Generator, given: Any) -> None:
    T, N, D, U = (5, 4, 3, 6) if given.quick else (100, 64, 128, 512)
    x = rng.standard_normal((2 * N, T, D), dtype=np.float32)
    y = rng.integers(0, 10, 2 * N)
    case = f"lstm step T={T} N={N} D={D} U={U}"

    def ours() -> Row:
        model = Sequential([layers.LSTM(U, input_shape=(T, D)), layers.Dense(10)])
        return brasa_step(compiled(model, given.device, from_logits=True), x, y, N)

    # Forward, and twice that on the way back.
    flops = 3 * 2.0 * N * T * 4 * U * (D + U)
    results.measure(case, "brasa", ours, flops=flops)
    torch_steps(results, case, lambda: torch_on().lstm(D, U, 10), x[:N], y[:N])


def _images(rng: np.random.Generator, count: int, size: int) -> tuple[Any, Any]:
    x = rng.standard_normal((count, size, size, 1), dtype=np.float32)
    return x, rng.integers(0, 10, count)


if __name__ == "__main__":
    main()
