"""What a training step does beside its op: gradients of several batches as one, averaged weights.

Both are kept in buffers of the shape of the weights, ``GATHERED`` and ``AVERAGE``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from brasa.ops.arguments import at_least
from brasa.ops.optimizers import check_momentum
from brasa.optimizers.arguments import check_flag
from brasa.optimizers.held import Held
from brasa.optimizers.numbers import Count

GATHERED = "gradient_accumulator"
AVERAGE = "average"


class Phase(NamedTuple):
    """What one step does. Plans are made for each, so that none asks while it runs."""

    gathers: int = 0
    """Of how many batches the gradients are one; 0: each is its own."""
    updates: bool = True
    """Whether the op runs; else the gradients are gathered alone."""
    momentum: float | None = None
    """How much of the averages stays; None: there are none. 0: they become the weights."""
    overwrites: bool = False
    """Whether the weights become their averages."""


class Phased(Held):
    """Base of optimizers: counts the steps, and says what each is to do beside its op.

    ``phase`` is what the next step does, None where that is its op alone: then nothing is asked.
    """

    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    gradient_accumulation_steps: int | None
    phase: Phase | None = None

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the buffers that it keeps beside the parameters, in the order of the op."""
        return ()

    @property
    def slot_groups(self) -> tuple[tuple[str, ...], ...]:
        """The same in the order of Keras: a group for all weights, then the next.

        Within a group those of a weight go side by side.
        """
        return (self.slots,) if self.slots else ()

    @property
    def buffers(self) -> tuple[str, ...]:
        """All buffers that it keeps beside the parameters: those of the op first."""
        gathered = (GATHERED,) if self.gradient_accumulation_steps else ()
        return (*self.slots, *gathered, *((AVERAGE,) if self.use_ema else ()))

    @property
    def buffer_groups(self) -> tuple[tuple[str, ...], ...]:
        """All buffers in the order of Keras, as ``slot_groups``."""
        gathered = ((GATHERED,),) if self.gradient_accumulation_steps else ()
        return (*(((AVERAGE,),) if self.use_ema else ()), *gathered, *self.slot_groups)

    @property
    def iterations(self) -> Count:
        """The number of updates made so far: with ``gradient_accumulation_steps`` fewer than steps.

        To set it says how many steps there were, too. An int, with Keras's ``numpy()``.
        """
        return Count(self._steps // (self.gradient_accumulation_steps or 1))

    @iterations.setter
    def iterations(self, value: int) -> None:
        updates = at_least(type(self).__name__, "iterations", value, 0)
        self.steps = updates * (self.gradient_accumulation_steps or 1)

    @property
    def steps(self) -> int:
        """The number of steps made so far, those among them that gathered gradients alone."""
        return self._steps

    @steps.setter
    def steps(self, value: int) -> None:
        self._steps = at_least(type(self).__name__, "steps", value, 0)
        self.phase = self._phase_after(self._steps)

    def count_step(self) -> None:
        """Note that a step was made."""
        self._steps += 1
        if self.phase is not None:
            self.phase = self._phase_after(self._steps)

    def phases(self) -> list[Phase]:
        """What the steps to come may do; empty where they are their op alone."""
        if self.phase is None:
            return []
        each, every = self.gradient_accumulation_steps or 1, self.ema_overwrite_frequency or 1
        now = self._steps // each
        overwrites = now + every - 1 - now % every
        updates = {now, now + 1, overwrites, overwrites + 1}
        steps = [step for update in updates for step in (update * each, (update + 1) * each - 1)]
        found = dict.fromkeys(self._phase_after(step) for step in steps)
        return [phase for phase in found if phase is not None]

    def _set_phases(
        self,
        use_ema: bool,
        ema_momentum: float,
        ema_overwrite_frequency: int | None,
        gradient_accumulation_steps: int | None,
    ) -> None:
        own = type(self).__name__
        self._steps = 0
        self.use_ema = check_flag(own, "use_ema", use_ema)
        self.ema_momentum = check_momentum(own, ema_momentum, "ema_momentum")
        self.ema_overwrite_frequency = _least(
            own, "ema_overwrite_frequency", ema_overwrite_frequency, 1
        )
        self.gradient_accumulation_steps = _least(
            own, "gradient_accumulation_steps", gradient_accumulation_steps, 2
        )
        self.steps = 0

    def _phase_after(self, steps: int) -> Phase | None:
        """What the step after so many does, in the order and with the counts of Keras.

        Averages move with every step, also with those that gather alone; the first update, and
        what is gathered for it, has them begin with the weights.
        """
        each = self.gradient_accumulation_steps
        if each is None and not self.use_ema:
            return None
        iterations, every = steps // (each or 1), self.ema_overwrite_frequency
        momentum = self.ema_momentum if iterations else 0.0
        return Phase(
            gathers=each or 0,
            updates=each is None or (steps + 1) % each == 0,
            momentum=momentum if self.use_ema else None,
            overwrites=self.use_ema and every is not None and (iterations + 1) % every == 0,
        )

    def _phase_config(self) -> dict[str, Any]:
        """The arguments of what is switched on."""
        config: dict[str, Any] = {}
        if self.use_ema:
            config |= {"use_ema": True, "ema_momentum": self.ema_momentum}
            if self.ema_overwrite_frequency is not None:
                config["ema_overwrite_frequency"] = self.ema_overwrite_frequency
        if self.gradient_accumulation_steps is not None:
            config["gradient_accumulation_steps"] = self.gradient_accumulation_steps
        return config


def _least(owner: str, name: str, value: Any, least: int) -> int | None:
    """A whole number of at least so much, or None."""
    return None if value is None else at_least(owner, name, value, least)
