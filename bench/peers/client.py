"""The parent's side of a worker: starts it, asks, and notices when it dies."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from bench.peers.spec import Peer, environment

ROOT = Path(__file__).parents[2]


class WorkerError(RuntimeError):
    """The worker refused, failed or died; the message says which."""


class Worker:
    """A process that runs one peer. It computes only between a request and its answer."""

    def __init__(self, peer: Peer, threads: int, timeout: float = 300.0) -> None:
        self.peer = peer
        self.timeout = timeout
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in close)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.peers.worker", peer.library, str(threads)],
            cwd=ROOT,
            env=environment(peer, threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        try:
            self.about: dict[str, Any] = self.ask("hello")
        except WorkerError:
            self.close()
            raise

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self.process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._line())
        except (BrokenPipeError, json.JSONDecodeError):
            self._kill()
            text = f"the worker ended with status {self.process.returncode}. {self._last_words()}"
            raise WorkerError(f"{self.peer.name}: {text}") from None
        if "error" in answer:
            raise WorkerError(f"{self.peer.name}: {answer['error']}")
        return answer

    def _line(self) -> bytes:
        """One line of the answer; the worker writes nothing else, so none is left in the buffer."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], self.timeout)
        if not ready:
            self._kill()
            raise WorkerError(f"{self.peer.name}: no answer within {self.timeout:.0f} s")
        return self.process.stdout.readline()

    def _kill(self) -> None:
        try:
            self.process.wait(1)  # one that ends by itself says why in its status
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _last_words(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-400:].strip()

    def alive(self) -> bool:
        return self.process.poll() is None

    def cpu_seconds(self) -> float | None:
        """Processor time that the process has used so far, all its threads together (Linux)."""
        try:
            stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        except OSError:
            return None
        user, system = stat.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        if self.alive():
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self._kill()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.log.close()
