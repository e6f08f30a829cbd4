"""How the gradient changes through time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class _Ends(NamedTuple):
    """Steps: where the gradient comes in, where it is largest, where it ends."""

    entry: int
    peak: int
    end: int


@dataclass(frozen=True)
class StepNorms:
    """The norm of a gradient at every time step.

    Of a recurrent op it is the gradient by its input: at step t, what the recurrence has carried
    back to step t from all later ones. Elsewhere it is the gradient by the layer's output.

    >>> import numpy as np
    >>> StepNorms("lstm", np.array([1e-8, 1e-4, 1.0])).text
    'falls 1e+08-fold from step 2 to step 0'
    """

    name: str
    norms: NDArray[np.float64]
    op: str = ""  # lstm, gru, simple_rnn, or none
    backwards: bool = False  # the last step is read first, so that the gradient ends there
    counted: NDArray[np.bool_] | None = None  # False for steps that are padding in all samples

    @property
    def falls(self) -> float:
        """The norm where the gradient ends over the largest: at most 1, and 1 without any."""
        ends = self._ends()
        return 1.0 if ends is None else float(self.norms[ends.end] / self.norms[ends.peak])

    @property
    def grows(self) -> float:
        """The largest norm over that where the gradient comes in: at least 1, and 1 without any."""
        ends = self._ends()
        return 1.0 if ends is None else float(self.norms[ends.peak] / self.norms[ends.entry])

    @property
    def text(self) -> str:
        """Such as "falls 1e+06-fold from step 99 to step 0"."""
        ends, falls, grows = self._ends(), self.falls, self.grows
        if ends is None:
            return "is 0 at every step" if not self.norms.any() else "is not finite"
        if falls == 0:
            return f"falls to 0 from step {ends.peak} to step {ends.end}"
        if falls * grows < 1:
            return f"falls {1 / falls:.2g}-fold from step {ends.peak} to step {ends.end}"
        if grows > 1:
            return f"grows {grows:.2g}-fold from step {ends.entry} to step {ends.peak}"
        return "is the same at every step"

    def _ends(self) -> _Ends | None:
        """None without a step that counts, or a gradient, or where one is not finite."""
        steps = np.arange(len(self.norms))[:: 1 if self.backwards else -1]
        steps = steps if self.counted is None else steps[self.counted[steps]]
        norms = self.norms[steps]
        if not norms.any() or not np.isfinite(norms).all():
            return None
        return _Ends(*(int(steps[i]) for i in (np.flatnonzero(norms)[0], norms.argmax(), -1)))
