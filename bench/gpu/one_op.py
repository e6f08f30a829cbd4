"""One op of brasa as a plan over arrays of a device: the time is its kernel's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from brasa import _core, runtime
from brasa.there import upload

Array = Any


class OneOp:
    """The op with its operands on the device; ``run`` returns before the device is done."""

    def __init__(
        self, device: str, op: str, inputs: Sequence[Array | None], attributes: dict[str, Any]
    ) -> None:
        specs = [None if a is None else (a.dtype.name, a.shape) for a in inputs]
        with runtime.device(device):
            results = _core.infer(op, specs, attributes)
            number = iter(range(1, 100))
            operands = [[None if s is None else (next(number), 0, *s) for s in specs]]
            operands += [[(next(number), 0, dtype, tuple(shape)) for dtype, shape in results]]
            sizes = [_bytes(s) for s in (*specs, *results) if s is not None]
            self._plan = _core.Plan([(op, op, attributes, *operands)], 0, sizes)
        self.outputs = [_core.DeviceArray(device, (d, tuple(s))) for d, s in results]
        there = [upload(a, device) for a in inputs if a is not None]
        self._bound = [*there, *self.outputs]
        self._word = _core.DeviceArray(device, ("float32", (1,)))
        self._host = np.zeros(1, np.float32)

    def run(self) -> None:
        """Ask for it once."""
        self._plan.run(self._bound)

    def sync(self) -> None:
        """Wait for all that was asked for."""
        self._word.copy_to(self._host)


def _bytes(spec: tuple[str, Sequence[int]]) -> int:
    return int(np.prod(spec[1])) * np.dtype(spec[0]).itemsize


def check(got: Array, want: Array) -> float:
    """The largest error over the largest value; AssertionError above what TF32 would give."""
    error = float(np.abs(got - want).max() / max(np.abs(want).max(), 1e-30))
    assert error < 1e-4, f"wrong results: error {error:.1e}"
    return error
