"""The flat buffers of a model: all parameters, all gradients, and each optimizer slot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import FloatArray
from brasa.graph.memory import ALIGNMENT
from brasa.parameter import Parameter, Writes

_FLOATS = ALIGNMENT // 4


def aligned_zeros(count: int, dtype: str = "float32") -> NDArray[Any]:
    """A zeroed array that starts on a cache line."""
    item = np.dtype(dtype).itemsize
    block = np.zeros(count * item + ALIGNMENT, np.uint8)
    start = -block.ctypes.data % ALIGNMENT
    return block[start : start + count * item].view(dtype)


class ParameterStore:
    """One buffer of values with the trainable parameters first, one of gradients, and the slots.

    Each parameter starts on a cache line; the gaps stay zero, so that an optimizer step over the
    whole span leaves them zero.
    """

    def __init__(self, parameters: Sequence[Parameter], trainable: Sequence[Parameter]) -> None:
        chosen = set(trainable)
        frozen = [p for p in parameters if p not in chosen]
        self.trainable = list(trainable)
        self.offsets: dict[Parameter, int] = {}  # in floats
        end = 0
        for group in (self.trainable, frozen):
            for parameter in group:
                self.offsets[parameter] = end
                end += -(-parameter.size // _FLOATS) * _FLOATS
            if group is self.trainable:
                self.trainable_size = end
        self.values: FloatArray = aligned_zeros(end)
        self.gradients: FloatArray = aligned_zeros(0)
        self.slots: dict[str, FloatArray] = {}
        self._views = {p: self.view(self.values, p) for p in self.offsets}
        self.claim()

    def claim(self) -> int:
        """Bring the parameters here. Models may share layers: the one that ran last has them.

        Returns:
            A number; what a plan keeps from the weights holds for as long as it stays the same.
        """
        for parameter, view in self._views.items():
            if not parameter.lies_in(view):
                view[...] = parameter.value
                parameter.move_to(view)
        return Writes.count

    def wrote(self) -> None:
        """Say that a plan has written the weights."""
        Writes.count += 1

    def prepare_training(self, slots: Sequence[str]) -> None:
        """Allocate the gradients and the optimizer's slots, once."""
        if self.gradients.size != self.trainable_size:
            self.gradients = aligned_zeros(self.trainable_size)
        for name in slots:
            if name not in self.slots:
                self.slots[name] = aligned_zeros(self.trainable_size)

    def view(self, buffer: FloatArray, parameter: Parameter) -> FloatArray:
        """The part of a flat buffer that belongs to one parameter, in its shape."""
        start = self.offsets[parameter]
        return buffer[start : start + parameter.size].reshape(parameter.shape)

    def bytes(self, slots: Sequence[str], *, training: bool) -> int:
        """The bytes of values, and in training of gradients and slots."""
        spans = 1 + len(slots) if training else 0
        return self.values.nbytes + spans * self.trainable_size * 4
