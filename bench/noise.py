"""What else the processors did while a block was timed. Linux only; elsewhere nothing is said."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.peers.client import Worker


class Noise:
    """Adds up, over the blocks of a case, how many cores others kept busy.

    ``others``: processes that are not ours. ``idle_workers``: peers that should be asleep, so that
    spinning pools are seen. ``stolen``: taken by other machines on the same host.
    """

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = {worker.peer.name: worker for worker in workers}
        self._wall = 0.0
        self._cores = {"others": 0.0, "idle_workers": 0.0, "stolen": 0.0}

    def around(self, active: str, block: Callable[[], None]) -> None:
        before = self._read(active)
        start = time.perf_counter()
        block()
        self._wall += time.perf_counter() - start
        after = self._read(active)
        if before is None or after is None:
            return
        busy, stolen, own, idle = (b - a for a, b in zip(before, after, strict=True))
        self._cores["others"] += busy - own - idle
        self._cores["idle_workers"] += idle
        self._cores["stolen"] += stolen

    def summary(self) -> dict[str, float]:
        if not self._wall:
            return {}
        return {name: round(max(0.0, x) / self._wall, 2) for name, x in self._cores.items()}

    def _read(self, active: str) -> tuple[float, float, float, float] | None:
        machine = _machine_seconds()
        used = {name: worker.cpu_seconds() for name, worker in self._workers.items()}
        own = used.pop(active)
        if machine is None or own is None:
            return None
        return (*machine, own, sum(seconds or 0.0 for seconds in used.values()))


def _machine_seconds() -> tuple[float, float] | None:
    """Busy and stolen seconds of all processors since start."""
    try:
        line = Path("/proc/stat").read_text().split("\n", 1)[0]
    except OSError:
        return None
    user, nice, system, _, _, irq, softirq, stolen = map(int, line.split()[1:9])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, stolen / tick
