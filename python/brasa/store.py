"""The flat buffers of a model: all parameters, all gradients, and each optimizer slot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from brasa.arrays import FloatArray
from brasa.buffers import Buffer
from brasa.graph.memory import ALIGNMENT
from brasa.parameter import Parameter, Writes

_FLOATS = ALIGNMENT // 4


class Treatment(NamedTuple):
    """What an optimizer step does to weights beside following their gradients."""

    l1: float = 0.0
    l2: float = 0.0
    decays: bool = True

    @property
    def penalty(self) -> dict[str, float]:
        """The factors of the penalty; empty where there is none."""
        return {name: f for name, f in (("l1", self.l1), ("l2", self.l2)) if f}


class Span(NamedTuple):
    """A run of trainable parameters that are treated alike, in floats."""

    start: int
    size: int
    treatment: Treatment


class ParameterStore:
    """One buffer of values with the trainable parameters first, one of gradients, and the slots.

    Each parameter starts on a cache line; the gaps stay zero, so that an optimizer step over the
    whole span leaves them zero. Those that are treated alike lie side by side, in ``spans``.
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        trainable: Sequence[Parameter],
        device: str = "cpu",
        spared: Collection[Parameter] = (),
    ) -> None:
        """``spared``: those that do not decay."""
        chosen = set(trainable)
        frozen = [p for p in parameters if p not in chosen]
        self.device = device
        self.trainable = list(trainable)
        self.offsets: dict[Parameter, int] = {}  # in floats
        self.spans: list[Span] = []
        self._end = 0
        alike: dict[Treatment, list[Parameter]] = {}
        for parameter in self.trainable:
            treatment = Treatment(*penalty_of(parameter), parameter not in spared)
            alike.setdefault(treatment, []).append(parameter)
        for treatment, group in alike.items():
            start = self._end
            self._append(group)
            self.spans.append(Span(start, self._end - start, treatment))
        self.trainable_size = self._end
        self._append(frozen)
        self._values = Buffer(self._end, device=device)
        self._gradients = Buffer(0, device=device)
        self._slots: dict[str, Buffer] = {}
        self._views = {p: self.view(self.values, p) for p in self.offsets}
        self._moves = -1  # what Writes counted when all were here
        self.claim()

    def _append(self, parameters: Sequence[Parameter]) -> None:
        for parameter in parameters:
            self.offsets[parameter] = self._end
            self._end += -(-parameter.size // _FLOATS) * _FLOATS

    def weight_spans(self) -> Iterator[Span]:
        """Each parameter that trains, as a span without the gap behind it."""
        for start, size, treatment in self.spans:
            for parameter in self.trainable:
                at = self.offsets[parameter]
                if start <= at < start + size:
                    yield Span(at, parameter.size, treatment)

    def trains(self, parameter: Parameter) -> bool:
        """Whether the optimizer changes it."""
        return self.offsets.get(parameter, self.trainable_size) < self.trainable_size

    @property
    def is_penalized(self) -> bool:
        """Whether the weights add to the loss."""
        return any(span.treatment.penalty for span in self.spans)

    @property
    def values(self) -> FloatArray:
        """All parameters, as they are now: to be read."""
        return self._values.host()

    @property
    def gradients(self) -> FloatArray:
        """The gradients of the last step: to be read."""
        return self._gradients.host()

    @property
    def slots(self) -> dict[str, FloatArray]:
        """The optimizer's slots as they are now: to be read."""
        return {name: slot.host() for name, slot in self._slots.items()}

    def bound(self) -> dict[str, Any]:
        """What plans bind, by the name of the segment."""
        slots = {f"slot_{name}": slot.bound() for name, slot in self._slots.items()}
        return {"parameters": self._values.bound(), "gradients": self._gradients.bound(), **slots}

    def claim(self) -> int:
        """Bring the parameters here. Models may share layers: the one that ran last has them.

        Returns:
            A number; what a plan keeps from the weights holds for as long as it stays the same.
        """
        if self._moves != Writes.moves:
            self._fetch()
        if self.device != "cpu":
            self.bound()
        return Writes.count

    def _fetch(self) -> None:
        moves = Writes.moves
        for parameter, view in self._views.items():
            if not parameter.lies_in(view):
                self._values.to_write()
                view[...] = parameter.now()
                parameter.move_to(view, self._values)
                moves += 1
        self._moves = moves  # another thread's moves are counted beyond

    def wrote(self) -> None:
        """Say that a plan has written the weights."""
        Writes.count += 1
        if self.device != "cpu":
            for buffer in (self._values, self._gradients, *self._slots.values()):
                buffer.written()

    def wrote_gradients(self) -> None:
        """Say that a plan has written the gradients alone."""
        self._gradients.written()

    def move(self, device: str) -> None:
        """Live on another device: all, or nothing where that is full."""
        before = self.device
        buffers = [self._values, self._gradients, *self._slots.values()]
        try:
            for buffer in buffers:
                buffer.move(device)
        except MemoryError:
            for buffer in buffers:
                buffer.move(before)
            raise
        self.device = device

    def snapshot(self) -> list[FloatArray]:
        """Copies of the parameters and the slots, for ``restore``."""
        return [buffer.host().copy() for buffer in (self._values, *self._slots.values())]

    def restore(self, saved: Sequence[FloatArray]) -> None:
        """Go back to a snapshot."""
        for buffer, values in zip((self._values, *self._slots.values()), saved, strict=True):
            buffer.to_write()[:] = values
        Writes.count += 1

    def set_slot(self, name: str, parameter: Parameter, values: Any) -> None:
        """Overwrite one parameter's part of a slot."""
        self.slots_to_write([name], parameter)[0][...] = values

    def slots_to_write(self, names: Sequence[str], parameter: Parameter) -> tuple[FloatArray, ...]:
        """One parameter's parts of the slots, which the caller changes now."""
        return tuple(self.view(self._slots[name].to_write(), parameter) for name in names)

    def copy_slots(self, other: ParameterStore) -> None:
        """Take over what an optimizer remembers of the weights that both stores train."""
        known = set(other.trainable)
        for name, values in other.slots.items():
            for parameter in self.trainable:
                if parameter in known:
                    self.set_slot(name, parameter, other.view(values, parameter))

    def prepare_training(self, slots: Sequence[str], first: Mapping[str, float]) -> None:
        """Allocate the gradients and the slots, once. ``first``: what slots hold, if not 0."""
        if self._gradients.size != self.trainable_size:
            self._gradients = Buffer(self.trainable_size, device=self.device)
        for name in slots:
            if name not in self._slots:
                self._slots[name] = Buffer(self.trainable_size, device=self.device)
                if first.get(name):
                    self._slots[name].fill(first[name])

    def copy_values(self, name: str) -> None:
        """Have a slot be what the trainable parameters are now."""
        self._slots[name].to_write()[:] = self.values[: self.trainable_size]

    def view(self, buffer: FloatArray, parameter: Parameter) -> FloatArray:
        """The part of a flat buffer that belongs to one parameter, in its shape."""
        start = self.offsets[parameter]
        return buffer[start : start + parameter.size].reshape(parameter.shape)

    def bytes(self, slots: Sequence[str], *, training: bool) -> int:
        """The bytes of values, and in training of gradients and slots."""
        spans = 1 + len(slots) if training else 0
        return self._values.nbytes + spans * self.trainable_size * 4


def penalty_of(parameter: Parameter) -> tuple[float, float]:
    """The factors l1 and l2 of a weight's regularizer."""
    regularizer = parameter.regularizer
    return (0.0, 0.0) if regularizer is None else (regularizer.l1, regularizer.l2)
