"""The graph of an ONNX file while it is put together: values, constants, nodes, names.

brasa's images are channels last, ONNX's channels first. A tensor is there in the order in which an
op gave it, and in the other one once an op has asked for that: so a transposition stands where the
orders meet, and nowhere between two convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.onnx.extents import Extents
from brasa.onnx.messages import OnnxNode
from brasa.onnx.traces import Extent, Step, Tensor

Array = NDArray[Any]

# Bytes of a constant up to which it is looked for among those that are there.
_SMALL = 1024


class Writer:
    """Nodes and constants in the order in which they were written."""

    def __init__(self) -> None:
        self.nodes: list[OnnxNode] = []
        self.initializers: dict[str, Array] = {}
        self.extents = Extents(self)
        self.arrays: dict[Tensor, Array] = {}  # what follows from the weights alone
        self.names: dict[Tensor, str] = {}  # what constants are to be called
        self.read: set[Tensor] = set()  # what steps and outputs read
        self.scope = ""  # what new values are named after
        self._last: dict[Tensor, str] = {}
        self._first: dict[Tensor, str] = {}
        self._given_first: set[Tensor] = set()
        self._taken: set[str] = set()
        self._small: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._made: dict[tuple[Tensor, str], str] = {}

    # ---- nodes and constants ---------------------------------------------------------------

    def node(self, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Write a node of one output, and return its name."""
        return self.node_of_several(operator, inputs, (True,), **attributes)[0]

    def node_of_several(
        self, operator: str, inputs: Sequence[str], wanted: Sequence[bool], **attributes: Any
    ) -> list[str]:
        """Write a node; "" stands for each output that is not wanted."""
        name = self.free_name(f"{self.scope}/{operator}" if self.scope else operator)
        many = len(wanted) > 1
        outputs = [
            (self.free_name(f"{name}.{i}") if many else name) if is_wanted else ""
            for i, is_wanted in enumerate(wanted)
        ]
        given = [*inputs]
        while given and not given[-1]:
            given.pop()
        self.nodes.append(OnnxNode(operator, name, given, outputs, attributes))
        return outputs

    def constant(self, values: Any, name: str = "") -> str:
        """An array as a value. Small ones of no name of their own are kept once."""
        array = np.asarray(values)
        if name or array.nbytes > _SMALL:
            own = self.free_name(name or f"{self.scope}/constant")
            self.initializers[own] = array
            return own
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._small:
            self._small[key] = self.free_name("constant")
            self.initializers[self._small[key]] = array
        return self._small[key]

    def once(self, tensor: Tensor, what: str, made: Callable[[], Array]) -> str:
        """A constant in another order, of which there is one however many ops read it."""
        if (tensor, what) not in self._made:
            name = self.names.get(tensor, "")
            self._made[tensor, what] = self.constant(made(), name)
        return self._made[tensor, what]

    def number(self, value: float) -> str:
        """A float32 without axes."""
        return self.constant(np.float32(value))

    def whole_numbers(self, values: Sequence[int]) -> str:
        """An int64 vector: axes, shapes, pads."""
        return self.constant(np.array(values, np.int64))

    def free_name(self, wanted: str) -> str:
        """The name, or the first with a number behind it that no value has."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name

    # ---- tensors -----------------------------------------------------------------------------

    def give(self, tensor: Tensor, name: str, first: bool = False) -> None:
        """Say which value a tensor is, and whether its channels come first."""
        first = first and tensor.ndim > 2
        (self._first if first else self._last)[tensor] = name
        if first:
            self._given_first.add(tensor)
        self.extents.note(name, channels_first(tensor.shape) if first else tensor.shape)

    def is_first(self, tensor: Tensor) -> bool:
        """Whether it was given with its channels first."""
        return tensor in self._given_first

    def native(self, tensor: Tensor) -> str:
        """The value in the order in which it was given."""
        return self.first(tensor) if self.is_first(tensor) else self.last(tensor)

    def last(self, tensor: Tensor) -> str:
        """The value with its channels last: the order of brasa's axes."""
        if tensor not in self._last:
            if tensor in self.arrays:
                name = self.names.get(tensor, "")
                self._last[tensor] = self.constant(self.arrays[tensor], name)
            else:
                self._last[tensor] = self.node(
                    "Transpose", [self._first[tensor]], perm=to_last(range(tensor.ndim))
                )
        return self._last[tensor]

    def first(self, tensor: Tensor) -> str:
        """The value with its channels first; with fewer than 3 axes the same as ``last``."""
        if tensor.ndim < 3:
            return self.last(tensor)
        if tensor not in self._first:
            order = channels_first(range(tensor.ndim))
            if tensor in self.arrays:
                self._first[tensor] = self.constant(self.arrays[tensor].transpose(order))
            else:
                self._first[tensor] = self.node("Transpose", [self.last(tensor)], perm=order)
        return self._first[tensor]

    def aligned(self, tensors: Sequence[Tensor]) -> tuple[bool, list[str]]:
        """Values that broadcast against each other, and whether their channels come first."""
        rank = max(tensor.ndim for tensor in tensors)
        moving = [tensor for tensor in tensors if tensor not in self.arrays]
        whole = all(tensor.ndim == rank for tensor in moving)
        if rank < 3 or not whole or not any(self.is_first(tensor) for tensor in moving):
            return False, [self.last(tensor) for tensor in tensors]
        return True, [
            self._constant_first(self.arrays[tensor], rank)
            if tensor in self.arrays
            else self.first(tensor)
            for tensor in tensors
        ]

    def _constant_first(self, array: Array, rank: int) -> str:
        whole = array.reshape((1,) * (rank - array.ndim) + array.shape)
        return self.constant(whole.transpose(channels_first(range(rank))))

    def array(self, step: Step, position: int, what: str) -> Array:
        """An operand that must follow from the weights alone, as ONNX has no other."""
        tensor = step.inputs[position]
        if tensor is None or tensor not in self.arrays:
            raise ValueError(f"{what} depends on the data, which ONNX files do not take here")
        return self.arrays[tensor]

    def axis(self, tensor: Tensor, axis: int) -> int:
        """Where an axis of a tensor is in the order in which it was given."""
        axis %= tensor.ndim
        return channels_first_axis(axis, tensor.ndim) if self.is_first(tensor) else axis


def channels_first(axes: Sequence[Any] | range | tuple[Extent, ...]) -> list[Any]:
    """What belongs to the axes N, ..., C in the order N, C, ...

    >>> channels_first(["N", "H", "W", "C"])
    ['N', 'C', 'H', 'W']
    """
    each = list(axes)
    return [each[0], each[-1], *each[1:-1]]


def to_last(axes: Sequence[Any] | range) -> list[Any]:
    """What belongs to the axes N, C, ... in the order N, ..., C."""
    each = list(axes)
    return [each[0], *each[2:], each[1]]


def channels_first_axis(axis: int, rank: int) -> int:
    """Where an axis of N, ..., C is in N, C, ..."""
    return int(to_last(range(rank))[axis])
