"""Flat arrays that a model keeps, with copies on the device on which the model lives."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa import _core
from brasa.graph.memory import ALIGNMENT
from brasa.there import upload

# The newer of two copies.
_HOST, _THERE, _SAME = "host", "there", "same"


def aligned_zeros(count: int, dtype: str = "float32") -> NDArray[Any]:
    """A zeroed array that starts on a cache line."""
    item = np.dtype(dtype).itemsize
    block = np.zeros(count * item + ALIGNMENT, np.uint8)
    start = -block.ctypes.data % ALIGNMENT
    return block[start : start + count * item].view(dtype)


class Buffer:
    """Zeros at first. Who asks for the host's or the device's copy gets the newer values."""

    def __init__(self, count: int, dtype: str = "float32", device: str = "cpu") -> None:
        self._host = aligned_zeros(count, dtype)
        self._there: _core.DeviceArray | None = None
        self._newer = _SAME
        self.move(device)

    @property
    def nbytes(self) -> int:
        """The bytes of one copy."""
        return self._host.nbytes

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._host.size

    def host(self) -> NDArray[Any]:
        """The array of the host with the values of now, to be read."""
        if self._newer == _THERE:
            assert self._there is not None
            self._there.copy_to(self._host)
            self._newer = _SAME
        return self._host

    def to_write(self) -> NDArray[Any]:
        """The same, to be written before the next run."""
        array = self.host()
        if self._there is not None:
            self._newer = _HOST
        return array

    def bound(self) -> Any:
        """What a plan binds: always the same object while the buffer stays on its device."""
        if self._there is None:
            return self._host
        if self._newer == _HOST:
            self._there.copy_from(self._host)
            self._newer = _SAME
        return self._there

    def written(self) -> None:
        """Say that a plan has written it."""
        if self._there is not None:
            self._newer = _THERE

    def fill(self, value: float) -> None:
        """Set all elements."""
        self._host.fill(value)
        if self._there is not None:
            self._newer = _HOST
            self.bound()

    def move(self, device: str) -> None:
        """Live on another device from now on; MemoryError, and nothing changes, if it is full."""
        before = "cpu" if self._there is None else self._there.device
        if device == before:
            return
        there = None if device == "cpu" else upload(self.host(), device)
        self.host()
        self._there, self._newer = there, _SAME
