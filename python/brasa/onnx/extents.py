"""Extents that are not known before the data are: as values that the ONNX file computes.

An extent is what it was in each trace. It is looked for among those of tensors that are there,
then as ``a * e + b`` of one of them, then as a product of one and such a sum: the shapes that ops
make follow each other in these ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from brasa.onnx.traces import Extent, fixed


class Nodes(Protocol):
    """What writes nodes and constants: see writer.py."""

    def node(self, operator: str, inputs: Sequence[str], **attributes: object) -> str: ...
    def constant(self, values: object) -> str: ...


class Extents:
    """The extents that are known so far, and values of them: int64 of the shape (1,)."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._places: dict[Extent, tuple[str, int]] = {}
        self._values: dict[Extent, str] = {}

    def note(self, name: str, shape: Sequence[Extent]) -> None:
        """A value with this shape is there from now on."""
        for axis, extent in enumerate(shape):
            if fixed(extent) is None:
                self._places.setdefault(extent, (name, axis))

    def shape(self, extents: Sequence[Extent]) -> str:
        """A value that holds a whole shape."""
        numbers = [fixed(extent) for extent in extents]
        if None not in numbers:
            return self._nodes.constant(np.array(numbers, np.int64))
        parts = [self.value(extent) for extent in extents]
        return parts[0] if len(parts) == 1 else self._nodes.node("Concat", parts, axis=0)

    def value(self, extent: Extent) -> str:
        """A value that holds this extent; ValueError where it follows from none that is there."""
        if extent not in self._values:
            self._values[extent] = self._computed(extent)
        return self._values[extent]

    def _computed(self, extent: Extent) -> str:
        number = fixed(extent)
        if number is not None:
            return self._nodes.constant(np.array([number], np.int64))
        if extent in self._places:
            return self._read(extent)
        line = self._line(extent)
        if line is not None:
            return self._on_line(*line)
        for known in self._places:
            rest = [a // b for a, b in zip(extent, known, strict=True) if b and a % b == 0]
            line = self._line(rest) if len(rest) == len(extent) else None
            if line is not None:
                return self._nodes.node("Mul", [self._read(known), self._on_line(*line)])
        raise ValueError(
            "an extent does not follow from those of the data by a sum or a product: export with "
            "input_signature=..., or give Input fixed extents"
        )

    def _read(self, extent: Extent) -> str:
        name, axis = self._places[extent]
        return self._nodes.node("Shape", [name], start=axis, end=axis + 1)

    def _line(self, extent: Sequence[int]) -> tuple[Extent, int, int] | None:
        """The first line, best one through 0: twice a half is not always the whole."""
        lines = list(self._lines(extent))
        return min(lines, key=lambda line: line[2] != 0, default=None)

    def _lines(self, extent: Sequence[int]) -> Iterator[tuple[Extent, int, int]]:
        """Each ``(e, a, b)`` with ``extent = a * e + b`` in all traces."""
        for known in self._places:
            pairs = sorted(set(zip(known, extent, strict=True)))
            (e0, y0), (e1, y1) = pairs[0], pairs[-1]
            if len({e for e, _ in pairs}) != len(pairs) or (y1 - y0) % (e1 - e0):
                continue
            a = (y1 - y0) // (e1 - e0)
            b = y0 - a * e0
            if a and all(y == a * e + b for e, y in pairs):
                yield known, a, b

    def _on_line(self, known: Extent, a: int, b: int) -> str:
        value = self._read(known)
        for operator, number, neutral in (("Mul", a, 1), ("Add", b, 0)):
            if number != neutral:
                factor = self._nodes.constant(np.array([number], np.int64))
                value = self._nodes.node(operator, [value, factor])
        return value
