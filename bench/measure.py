"""One case: every peer is checked, its variants are tried, then the rounds A B A B are timed."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench import catalog, check, timing
from bench.case import Case, Expected
from bench.data import Inputs
from bench.noise import Noise
from bench.peers.client import Worker, WorkerError
from bench.peers.spec import Peer


@dataclass(frozen=True)
class Plan:
    """How long to measure. The numbers keep a full run under ten minutes, a quick one under two."""

    rounds: int = 7
    block_seconds: float = 0.05
    case_seconds: float = 4.0  # all blocks of a case together; slow cases get fewer rounds
    pilot_seconds: float = 0.1
    settle_seconds: float = 0.02  # until the pool of the last worker sleeps; libgomp spins < 15 ms
    min_rounds: int = 3
    slow_seconds: float = 2.0  # a peer slower than this, and twice the best, keeps its pilot
    rival: float = 1.25  # a peer's second variant also gets rounds when it is within this factor
    rotate_bytes: float = 0.0  # buffers of a rotating case together; 0: one set, warm in cache


QUICK = Plan(rounds=5, block_seconds=0.03, case_seconds=1.5, pilot_seconds=0.03)
# Many short blocks: on a busy machine, some of them find all cores free.
NOISY = Plan(rounds=40, block_seconds=0.002, case_seconds=8.0, min_rounds=10)


@dataclass
class Entry:
    """A variant of a peer: what the pilot saw, and its blocks."""

    peer: str
    variant: str
    pilot: float
    error_share: float
    blocks: list[float] = field(default_factory=list)

    def seconds(self) -> float:
        return timing.Summary.of(self.blocks).median if self.blocks else self.pilot

    def as_dict(self) -> dict[str, Any]:
        summary = timing.Summary.of(self.blocks or [self.pilot]).as_dict()
        return {
            "peer": self.peer,
            "variant": self.variant,
            "pilot_only": not self.blocks,
            "error_share": self.error_share,
            "seconds": summary,
            "blocks": self.blocks,
        }


class Bench:
    """The workers of a run. Started once; a worker that dies is started again for the next case."""

    def __init__(self, peers: Sequence[Peer], threads: int, plan: Plan) -> None:
        self.peers = peers
        self.threads = threads
        self.plan = plan
        self.about: dict[str, dict[str, Any]] = {}
        self._workers: dict[str, Worker] = {}
        self._inputs = Inputs()
        self._folder = Path(tempfile.mkdtemp(prefix="brasa-bench-"))

    def close(self) -> None:
        for worker in self._workers.values():
            worker.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def worker(self, peer: Peer) -> Worker:
        known = self._workers.get(peer.name)
        if known is None or not known.alive():
            if known is not None:
                known.close()
            self._workers[peer.name] = known = Worker(peer, self.threads)
            if self.about.setdefault(peer.name, known.about) != known.about:
                raise WorkerError(f"{peer.name}: it was rebuilt during the run; start again")
        return known

    def run(self, case: Case) -> dict[str, Any]:
        """The row of one case, as it goes into the JSON file."""
        benchmark, _ = catalog.find(case.full_name)
        peers = [peer for peer in self.peers if peer.library in benchmark.PEERS]
        expected = benchmark.reference(case, self._inputs.of(benchmark, case))
        entries: list[Entry] = []
        errors: dict[str, str] = {}
        for peer in peers:
            try:
                entries += self._pilot(peer, case, expected, errors)
            except WorkerError as error:
                errors[peer.name] = str(error)
        contenders = self._contenders(entries)
        noise = self._rounds(contenders, errors)
        for peer in peers:
            worker = self._workers.get(peer.name)
            if worker is not None and worker.alive():
                worker.ask("close")
        return {
            "op": case.op,
            "case": case.name,
            "spec": dict(case.spec),
            "flops": case.flops,
            "bytes": case.bytes,
            "bound": case.bound,
            "sets": self._sets(case),
            "entries": [entry.as_dict() for entry in entries],
            "errors": errors,
            "noise": noise,
        }

    def _sets(self, case: Case) -> int:
        """Copies of the buffers, so that a memory-bound row measures memory and not the cache."""
        if not case.rotate or not self.plan.rotate_bytes:
            return 1
        return max(1, min(64, round(self.plan.rotate_bytes / case.bytes)))

    def _pilot(
        self, peer: Peer, case: Case, expected: dict[str, Expected], errors: dict[str, str]
    ) -> list[Entry]:
        """Checks each variant, estimates its time, and keeps the buffers of the best two."""
        worker = self.worker(peer)
        entries: list[Entry] = []
        for variant in worker.ask("open", case=case.full_name)["variants"]:
            try:
                entries.append(self._try(worker, variant, case, expected))
            except (WorkerError, check.WrongResultError) as error:
                errors[f"{peer.name}/{variant}"] = str(error)
                if not worker.alive():
                    break
            for loser in sorted(entries, key=lambda entry: entry.pilot)[2:]:
                worker.ask("drop", variant=loser.variant)
        return entries

    def _try(
        self, worker: Worker, variant: str, case: Case, expected: dict[str, Expected]
    ) -> Entry:
        worker.ask("build", variant=variant, sets=self._sets(case))
        names = worker.ask("check", variant=variant, folder=str(self._folder))["arrays"]
        share = check.compare(self._folder, names, expected)
        answer = worker.ask("estimate", variant=variant, budget=self.plan.pilot_seconds)
        return Entry(worker.peer.name, variant, answer["seconds"], share)

    def _contenders(self, entries: Sequence[Entry]) -> list[Entry]:
        """brasa; each peer's best variant, and its second when it is close; nothing very slow."""
        chosen: list[Entry] = []
        fastest = min((entry.pilot for entry in entries), default=0.0)
        for name in dict.fromkeys(entry.peer for entry in entries):
            own = sorted((e for e in entries if e.peer == name), key=lambda entry: entry.pilot)
            near = [e for e in own[:2] if e.pilot <= self.plan.rival * own[0].pilot]
            slow = own[0].pilot > max(self.plan.slow_seconds, 2 * fastest)
            if not slow or name.startswith("brasa"):
                chosen += near
        return chosen

    def _rounds(self, entries: Sequence[Entry], errors: dict[str, str]) -> dict[str, float]:
        plan = self.plan
        total = sum(max(entry.pilot, plan.block_seconds) for entry in entries)
        if not total:
            return {}
        rounds = int(min(plan.rounds, max(plan.min_rounds, plan.case_seconds / total)))
        noise = Noise([self._workers[entry.peer] for entry in entries])
        start = time.perf_counter()
        for index in range(rounds):
            late = time.perf_counter() - start > 2 * plan.case_seconds  # a busy machine
            last = index == rounds - 1 or (late and index + 1 >= plan.min_rounds)
            previous = None
            for entry in entries:
                if f"{entry.peer}/{entry.variant}" in errors:
                    continue
                if entry.peer != previous:
                    time.sleep(plan.settle_seconds)
                    previous = entry.peer
                try:
                    noise.around(entry.peer, partial(self._block, entry, last))
                except WorkerError as error:
                    errors[f"{entry.peer}/{entry.variant}"] = str(error)
                    entry.blocks.clear()
            if last:
                break
        return noise.summary()

    def _block(self, entry: Entry, verify: bool) -> None:
        repeat, warm = timing.repetitions(entry.pilot, self.plan.block_seconds)
        answer = self._workers[entry.peer].ask(
            "time", variant=entry.variant, repeat=repeat, warm=warm, verify=verify
        )
        entry.blocks.append(answer["seconds"])
