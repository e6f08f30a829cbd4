"""Rows of a table by their numbers, and the gradient that adds them up again."""

from __future__ import annotations

from functools import partial

import numpy as np

from bench.case import Arrays, Case, Expected, Variant, Variants
from bench.data import aligned_copy, empty, normal

# vocabulary, columns, ids: the characters of a small language model, the words of a larger one.
SHAPES = {
    "chars_6400": (65, 64, 6400),
    "chars_1M": (65, 64, 1 << 20),
    "words_10k": (20_000, 128, 10_000),
    "words_200k": (20_000, 128, 200_000),
}
PASSES = ("fwd", "bwd")


def _bytes(shape: tuple[int, int, int], one: str) -> float:
    vocabulary, columns, count = shape
    rows, table = 4.0 * count * columns, 4.0 * vocabulary * columns
    return 4.0 * count + rows + (min(rows, table) if one == "fwd" else table)


CASES = [
    Case(
        op="embedding",
        name=f"{name}/{one}",
        spec={"shape": list(shape), "pass": one},
        bytes=_bytes(shape, one),
        bound="bytes",
        quick=name == "chars_6400",
        data=name,
    )
    for name, shape in SHAPES.items()
    for one in PASSES
]


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    vocabulary, columns, count = case.spec["shape"]
    # Characters and words are far from evenly spread: the first ids are most of them.
    ids = (vocabulary * rng.random(count) ** 3).astype(np.int32)
    return {
        "ids": ids,
        "table": normal(rng, vocabulary, columns),
        "dy": normal(rng, count, columns),
    }


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    vocabulary, _, count = case.spec["shape"]
    if case.spec["pass"] == "fwd":
        some = np.s_[::97]
        return {"y": Expected(data["table"][data["ids"][some]].astype(np.float64), 0.0, some)}
    some = np.s_[:, :4]
    want = np.zeros((vocabulary, 4))
    np.add.at(want, data["ids"], data["dy"][some].astype(np.float64))
    # The first id stands for count / vocabulary^(1/3) of all; a sum of k errs by about sqrt(k) ulp.
    terms = count / vocabulary ** (1 / 3) + 1
    return {"dtable": Expected(want, 64 * 2.0**-24 * terms, some)}


def _brasa(case: Case, data: Arrays) -> Variants:
    from brasa import ops

    vocabulary, columns, count = case.spec["shape"]

    def forward() -> Variant:
        y = empty((count, columns))
        run = partial(ops.embedding, data["ids"], aligned_copy(data["table"]), out=y)
        return Variant(run, lambda y: {"y": y}, [y])

    def backward() -> Variant:
        dtable = empty((vocabulary, columns))
        dy = aligned_copy(data["dy"])
        run = partial(ops.embedding_backward, dy, data["ids"], vocabulary, out=dtable)
        return Variant(run, lambda d: {"dtable": d}, [dtable])

    return {"out": forward if case.spec["pass"] == "fwd" else backward}


def _numpy(case: Case, data: Arrays) -> Variants:
    vocabulary, columns, _ = case.spec["shape"]

    def forward() -> Variant:
        return Variant(lambda: data["table"][data["ids"]], lambda y: {"y": y})

    def backward() -> Variant:
        dtable = empty((vocabulary, columns))

        def run() -> None:
            dtable[:] = 0
            np.add.at(dtable, data["ids"], data["dy"])

        return Variant(run, lambda _: {"dtable": dtable}, [dtable])

    return {"plain": forward if case.spec["pass"] == "fwd" else backward}


def _torch(case: Case, data: Arrays) -> Variants:
    import torch

    from bench.peers.torch_tensors import back, tensor

    vocabulary, _, _ = case.spec["shape"]
    ids = torch.from_numpy(data["ids"].astype(np.int64))

    def forward() -> Variant:
        return Variant(
            partial(torch.ops.aten.embedding.default, tensor(data["table"]), ids),
            lambda y: {"y": back(y)},
        )

    def backward() -> Variant:
        op = torch.ops.aten.embedding_dense_backward.default
        run = partial(op, tensor(data["dy"]), ids, vocabulary, -1, False)
        return Variant(run, lambda d: {"dtable": back(d)})

    return {"out": forward if case.spec["pass"] == "fwd" else backward}


PEERS = {"brasa": _brasa, "numpy": _numpy, "torch": _torch}
