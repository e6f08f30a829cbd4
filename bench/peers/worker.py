"""The child's side: answers JSON lines on stdin with JSON lines on stdout.

    hello                            -> version, threads, settings
    open     case                    -> variants              makes the inputs
    build    variant, sets           ->                       `sets` copies of its buffers
    check    variant, folder         -> saves the result of one run there, one .npy an array
    estimate variant, budget         -> seconds
    time     variant, repeat, warm   -> seconds               with `verify` compares the last result
    drop     variant;  close         ->                       frees buffers

An error is answered with {"error": text}.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench import catalog, timing
from bench.case import Arrays, Variant, Variants
from bench.data import Inputs
from bench.peers import libraries

_SAMPLE = 1 << 16  # values of a result that are compared again after the timed blocks


def _spoil(buffer: Any) -> None:
    """NaN (or -1) everywhere: what a run does not write then fails the check."""
    is_array = isinstance(buffer, np.ndarray)
    floating = buffer.dtype.kind == "f" if is_array else buffer.is_floating_point()
    value = float("nan") if floating else -1
    if is_array:
        buffer.fill(value)
    else:
        buffer.fill_(value)


def _sample(arrays: Arrays) -> Arrays:
    """Some values of each array: enough to notice work that was left out, little beside a block."""
    flat = {name: array.reshape(-1) for name, array in arrays.items()}
    return {name: x[:: max(1, x.size // _SAMPLE)].astype(np.float64) for name, x in flat.items()}


def _same(a: Arrays, b: Arrays) -> bool:
    """Up to the order of sums, which a peer may vary from run to run."""
    return all(
        np.allclose(a[name], b[name], rtol=1e-3, atol=1e-3 * float(np.abs(a[name]).max(initial=0)))
        for name in a
    )


class Runner:
    def __init__(self, library: str, threads: int) -> None:
        self.library = library
        self.threads = threads
        self.variants: Variants = {}
        self.built: dict[str, list[Variant]] = {}
        self.checked: dict[str, Arrays] = {}
        self.inputs = Inputs()

    def hello(self) -> dict[str, Any]:
        return libraries.start(self.library, self.threads)

    def open(self, case: str) -> dict[str, Any]:
        self.close()
        benchmark, found = catalog.find(case)
        build = benchmark.PEERS.get(self.library)
        if build is None:
            return {"variants": []}
        self.variants = build(found, self.inputs.of(benchmark, found))
        return {"variants": list(self.variants)}

    def build(self, variant: str, sets: int) -> dict[str, Any]:
        self.built[variant] = [self.variants[variant]() for _ in range(sets)]
        return {}

    def check(self, variant: str, folder: str) -> dict[str, Any]:
        arrays: Arrays = {}
        for one in reversed(self.built[variant]):  # every copy runs once; the first is reported
            for buffer in one.outputs:
                _spoil(buffer)
            arrays = one.arrays(one.run())
        for name, array in arrays.items():
            np.save(Path(folder) / f"{name}.npy", array)
        self.checked[variant] = _sample(arrays)
        return {"arrays": list(arrays)}

    def estimate(self, variant: str, budget: float) -> dict[str, Any]:
        return {"seconds": timing.estimate([v.run for v in self.built[variant]], budget)}

    def time(self, variant: str, repeat: int, warm: int, verify: bool) -> dict[str, Any]:
        runs = self.built[variant]
        seconds, result = timing.time_block([v.run for v in runs], repeat, warm)
        last = runs[(warm + repeat - 1) % len(runs)]
        if verify and not last.stateful:
            again = _sample(last.arrays(result))
            if not _same(self.checked[variant], again):
                raise RuntimeError("a timed run computed something else than the checked one")
        return {"seconds": seconds}

    def drop(self, variant: str) -> dict[str, Any]:
        self.built.pop(variant, None)
        return {}

    def close(self) -> dict[str, Any]:
        self.variants = {}
        self.built = {}
        self.checked = {}
        return {}


def serve(runner: Runner, answers: int) -> None:
    verbs: dict[str, Callable[..., dict[str, Any]]] = {
        name: getattr(runner, name)
        for name in ("hello", "open", "build", "check", "estimate", "time", "drop", "close")
    }
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = verbs[request.pop("do")](**request)
        except Exception as error:  # noqa: BLE001  (whatever a peer throws becomes its row's text)
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        os.write(answers, json.dumps(answer).encode() + b"\n")


def main() -> None:
    # What libraries print must not mix with the answers.
    answers = os.dup(1)
    os.dup2(2, 1)
    serve(Runner(sys.argv[1], int(sys.argv[2])), answers)


if __name__ == "__main__":
    main()
