"""The words that every benchmark file is written in: Case, Expected, Variant, Benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]

# Where a case's time must go when nothing is wasted: arithmetic, memory, or neither of them
# (a whole epoch, a single row), for which no share of a limit is claimed.
Bound = Literal["flops", "bytes", "none"]


@dataclass(frozen=True)
class Case:
    """One thing to time.

    Args:
        op: Stem of the benchmark file.
        name: Name within the file, such as ``r64_56/fwd``.
        spec: What the benchmark file needs to build it.
        flops: Arithmetic of one repetition (a multiply and an add count 2).
        bytes: Memory of one repetition, each input and each output counted once.
        bound: Which of the two limits it.
        quick: Part of ``--quick``.
        rotate: Cycle through copies of the buffers that together exceed the last-level cache.
        data: Cases with the same word share their inputs.
    """

    op: str
    name: str
    spec: Mapping[str, Any]
    flops: float = 0.0
    bytes: float = 0.0
    bound: Bound = "flops"
    quick: bool = False
    rotate: bool = False
    data: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.op}/{self.name}"


@dataclass(frozen=True)
class Expected:
    """What a result must be: ``abs(result[index] - value) <= bound``, computed in float64.

    A reference may compute a part of a large result (``index``); up to the fraction ``allowed`` of
    it may differ by more, where a decision such as a sign can fall either way.
    """

    value: Array
    bound: float
    index: Any = ...
    allowed: float = 0.0


@dataclass(frozen=True)
class Variant:
    """One way in which a peer can do a case, with its buffers.

    Args:
        run: One repetition.
        arrays: What ``run`` returned -> named NumPy arrays in brasa's layout.
        outputs: Buffers that ``run`` writes. The check spoils them first, so that a run which
            writes nothing cannot pass.
        stateful: Each run changes what the next one computes (a training step).
    """

    run: Callable[[], Any]
    arrays: Callable[[Any], Arrays]
    outputs: Sequence[Any] = field(default=())
    stateful: bool = False


# Name of a variant -> how to build it. Only what is timed is built.
Variants = dict[str, Callable[[], Variant]]


def out_and_new(build: Callable[[bool], Variant]) -> Variants:
    """Both ways to call an op: results go into given arrays (``build(True)``), or into new ones."""
    return {"out": partial(build, True), "new": partial(build, False)}


class Benchmark(Protocol):
    """What a file ``bench/ops/bench_<stem>.py`` or ``bench/models/bench_<stem>.py`` defines."""

    CASES: Sequence[Case]
    # Library ("brasa", "numpy", "torch", ...) -> its variants; a library that is not listed skips.
    PEERS: Mapping[str, Callable[[Case, Arrays], Variants]]

    def inputs(self, case: Case, rng: np.random.Generator) -> Arrays: ...

    def reference(self, case: Case, data: Arrays) -> dict[str, Expected]: ...


def sum_bound(length: int, rms: float) -> float:
    """Largest error that float32 sums of ``length`` products may have when their rms is ``rms``.

    A sequential sum errs by about ``eps * sqrt(length)`` of its own size; 64 covers the largest of
    millions of results and Winograd's transforms. Wrong results are off by ``rms`` itself.
    """
    return 64 * float(np.finfo(np.float32).eps) * max(1.0, length) ** 0.5 * rms


def product_bound(case: Case, length: int, rms: float) -> float:
    """The same for a case in its precision: bf16 errs by 2.5e-3 of the rms, at most by 1e-1."""
    return 0.1 * rms if case.spec.get("precision") == "bf16" else sum_bound(length, rms)


def lacks(case: Case, isa: Sequence[str]) -> str:
    """Why a case cannot be timed on a machine of these instruction sets, or nothing."""
    needs = {"bf16": "avx512_bf16", "bf16x3": "amx_bf16"}.get(case.spec.get("precision", ""))
    return f"this machine has no {needs}" if needs and needs not in isa else ""
