"""Dropout."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.layers.random_layer import RandomLayer
from brasa.ops.arguments import number
from brasa.ops.dispatch import Tensor


def ones_of_features(x: Tensor) -> Tensor:
    """(N, C) ones, from x (N, ..., C) with an entry along each axis."""
    N, C = x.shape[0], x.shape[-1]
    for axis in range(1, len(x.shape) - 1):
        x = ops.slice(x, axis, 0, 1)
    # A mask holds 0 and 1, whatever x holds, and is where no gradient passes.
    return ops.scale(ops.mask_of_rows(ops.reshape(x, (N, C, 1))), 0.0, 1.0)


class Dropout(RandomLayer):
    """Zero a share of the values in training, and scale the others so that the mean stays.

    ``y = x / (1 - rate)`` with probability ``1 - rate``, else 0; outside training ``y = x``.

    Shapes:
        x and y of any one shape

    Args:
        rate: Share of the values to zero, in [0, 1).
        seed: Chooses other masks for this layer. In a model the masks follow from it, the seed of
            :func:`brasa.set_seed` and the step; on arrays from it and the number of the call.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: rate or seed is out of range. TypeError: it is no number.

    Source: Srivastava et al., JMLR 15 (2014).

    >>> import numpy as np
    >>> from brasa import layers
    >>> x = np.ones((1, 1000), np.float32)
    >>> dropout = layers.Dropout(0.5, seed=1)
    >>> sorted(set(dropout(x, training=True).ravel().tolist())), bool((dropout(x) == x).all())
    ([0.0, 2.0], True)
    """

    supports_masking = True

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.rate = number("Dropout", "rate", rate)
        if not 0 <= self.rate < 1:
            raise ValueError(f"Dropout: rate must be in [0, 1), got {self.rate}")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return x
        if isinstance(x, Symbol):
            state, node = self._recorded_numbers(x.graph)
            return x.graph.add("dropout", [x, state], {"rate": self.rate, "node": node})[0]
        return ops.dropout(x, self.rate, **self._next_numbers())

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
