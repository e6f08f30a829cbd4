"""What layers share that draw random numbers in training."""

from __future__ import annotations

from typing import Any

from brasa.graph.symbol import Symbol
from brasa.graph.trace import Graph
from brasa.layers.base import Layer
from brasa.seed import check_seed, next_generator


class RandomLayer(Layer):
    """A layer with a ``seed``: None, or a whole number that chooses other draws for it.

    In a model its numbers follow from the seed, that of :func:`brasa.set_seed` and the step; on
    arrays from the seed and the number of the call.
    """

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.seed = None if seed is None else check_seed(type(self).__name__, seed)
        self._calls = 0

    def _recorded_numbers(self, graph: Graph) -> tuple[Symbol, int]:
        """The operand and the node number of the op that draws in a model."""
        return graph.random_numbers(self.seed)

    def _next_numbers(self) -> dict[str, Any]:
        """The seed and the step of the op that draws on arrays."""
        if self.seed is None:
            return {"seed": int(next_generator().integers(1 << 63))}
        self._calls += 1
        return {"seed": self.seed, "step": self._calls}
