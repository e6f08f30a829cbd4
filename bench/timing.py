"""Blocks of repetitions, and what is said about a row of them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from typing import Any

WARM_SECONDS = 0.003  # wakes the thread pool and refills the caches after another peer's turn
WARM_LIMIT = 0.02  # above this, one repetition is its own warm-up


@dataclass(frozen=True)
class Summary:
    """Seconds of one repetition over the blocks of a run."""

    median: float
    low: float  # first quartile
    high: float  # third quartile
    best: float
    blocks: int

    @staticmethod
    def of(seconds: Sequence[float]) -> Summary:
        if len(seconds) == 1:
            low = median = high = seconds[0]
        else:
            low, median, high = statistics.quantiles(seconds, n=4, method="inclusive")
        return Summary(median, low, high, min(seconds), len(seconds))

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def paired_ratio(peer: Sequence[float], ours: Sequence[float]) -> Summary:
    """peer / ours, round by round: a disturbance that lasts longer than a round cancels out."""
    return Summary.of([a / b for a, b in zip(peer, ours, strict=True)])


def time_block(runs: Sequence[Callable[[], Any]], repeat: int, warm: int) -> tuple[float, Any]:
    """Seconds of one of ``repeat`` calls, and what the last one returned.

    ``runs`` are the same work on different buffers, taken in turn. The last result is handed to
    the caller, who compares it with the checked one, so that no work can be left out.
    """
    turns = cycle(runs)
    result = None
    collecting = gc.isenabled()
    gc.disable()
    try:
        for run in islice(turns, warm):
            result = run()
        start = time.perf_counter()
        for run in islice(turns, repeat):
            result = run()
        seconds = time.perf_counter() - start
    finally:
        if collecting:
            gc.enable()
    return seconds / repeat, result


def estimate(runs: Sequence[Callable[[], Any]], budget: float) -> float:
    """Seconds of one repetition: the best of growing blocks that take about ``budget`` in all."""
    best, _ = time_block(runs, 1, warm=0)
    spent, repeat = best, 1
    while spent < budget:
        seconds, _ = time_block(runs, repeat, warm=0)
        spent += seconds * repeat
        best = min(best, seconds)
        repeat *= 2
    return best


def repetitions(seconds: float, block_seconds: float) -> tuple[int, int]:
    """How many calls a block of about ``block_seconds`` times, and how many it runs before."""
    repeat = max(1, round(block_seconds / seconds))
    warm = 0 if seconds >= WARM_LIMIT else max(1, round(WARM_SECONDS / seconds))
    return repeat, warm
