"""Whose an optimizer is: it counts the steps of one model, and remembers what its weights did."""

from __future__ import annotations

import gc
import weakref
from typing import Any, Protocol

from brasa.arrays import FloatArray
from brasa.configurable import Configurable

# What an optimizer remembers of one weight.
Slots = tuple[FloatArray, ...]


class Holder(Protocol):
    """What models are to an optimizer."""

    name: str

    @property
    def built(self) -> bool: ...
    def _holds(self, optimizer: Any) -> bool: ...
    def _slots_of(self, weight: Any) -> Slots: ...
    def _trained(self) -> list[Any]: ...


class Held(Configurable):
    """Base of optimizers: knows the model that was compiled with it, without keeping it alive."""

    _holder: weakref.ref[Holder] | None = None
    _memory: dict[Any, Slots] | None = None  # of weights that it changed for no model

    def require_free_for(self, model: Holder) -> None:
        """ValueError where another model is compiled with this very object."""
        if self._held_by_another(model) is None:
            return
        gc.collect()  # models are parts of cycles: one that nobody has any more may linger
        other = self._held_by_another(model)
        if other is not None:
            own = type(self).__name__
            raise ValueError(
                f"compile: model {other.name!r} is compiled with this very {own}, which counts the "
                f"steps of one model: give model {model.name!r} an optimizer of its own, such as "
                f"{own}.from_config(optimizer.get_config())"
            )

    def belong_to(self, model: Holder) -> None:
        """Serve this model from now on."""
        self._holder = weakref.ref(model)

    def holder(self) -> Holder | None:
        """The model that is compiled with it now."""
        return self._held_by_another(None)

    def memory(self) -> dict[Any, Slots]:
        """What it remembers by itself, of weights that it changed while no model had it."""
        if self._memory is None:
            self._memory = {}
        return self._memory

    def hand_over(self) -> dict[Any, Slots]:
        """The same for a model that is compiled with it, and goes on from there."""
        memory, self._memory = self.memory(), None
        return memory

    def trained(self) -> list[Any]:
        """The weights that it changes: those that its model trains, else those that it met."""
        holder = self._keeper()
        return list(self._memory or ()) if holder is None else holder._trained()

    def remembered(self, weight: Any) -> Slots:
        """What it, or its model, keeps of a weight, to be written; made where it is new."""
        holder = self._keeper()
        if holder is not None:
            return holder._slots_of(weight)
        memory = self.memory()
        if weight not in memory:
            memory[weight] = self._first_slots(weight)
        return memory[weight]

    def _first_slots(self, weight: Any) -> Slots:
        """What is kept of a weight before the first step."""
        raise NotImplementedError

    def _keeper(self) -> Holder | None:
        """Its model, where that remembers."""
        holder = self.holder()
        return holder if holder is not None and holder.built else None

    def _held_by_another(self, model: Holder | None) -> Holder | None:
        other = None if self._holder is None else self._holder()
        return other if other not in (None, model) and other._holds(self) else None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_holder": None}  # copies are free
