"""Seconds of one call of asynchronous work: the queue is full while the clock runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

_BLOCKS = 7

LONG, SHORT = 0.7, 0.02  # seconds for one measurement
_seconds = [LONG]


def hurry() -> None:
    """Measure briefly from now on."""
    _seconds[0] = SHORT


def measure(run: Callable[[], Any], sync: Callable[[], Any]) -> dict[str, Any]:
    """The best and the median of blocks of calls, each block waited for once."""
    for _ in range(5):  # loads kernels, chooses algorithms, captures graphs
        run()
    sync()
    once = max(_block(run, sync, 5), 1e-7)
    repeat = max(1, min(20_000, int(_seconds[0] / _BLOCKS / once)))
    blocks = sorted(_block(run, sync, repeat) for _ in range(_BLOCKS))
    return {"seconds": blocks[0], "median": blocks[_BLOCKS // 2], "repeat": repeat}


def _block(run: Callable[[], Any], sync: Callable[[], Any], repeat: int) -> float:
    start = time.perf_counter()
    for _ in range(repeat):
        run()
    sync()
    return (time.perf_counter() - start) / repeat
