"""Dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.layers.random_layer import RandomLayer
from brasa.ops.arguments import number, whole
from brasa.ops.dispatch import Tensor


def ones_of_features(x: Tensor) -> Tensor:
    """(N, C) ones, from x (N, ..., C) with an entry along each axis."""
    N, C = x.shape[0], x.shape[-1]
    for axis in range(1, len(x.shape) - 1):
        x = ops.slice(x, axis, 0, 1)
    # A mask holds 0 and 1, whatever x holds, and is where no gradient passes.
    return ops.scale(ops.mask_of_rows(ops.reshape(x, (N, C, 1))), 0.0, 1.0)


def ones_of(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Ones of a shape, where x is: among arrays, or in its graph."""
    if isinstance(x, Symbol):
        return ops.scale(x.graph.zeros(shape), 1.0, 1.0)
    return np.ones(shape, np.float32)


class Dropout(RandomLayer):
    """Zero a share of the values in training, and scale the others so that the mean stays.

    ``y = x / (1 - rate)`` with probability ``1 - rate``, else 0; outside training ``y = x``.

    Shapes:
        x and y of any one shape

    Args:
        rate: Share of the values to zero, in [0, 1).
        noise_shape: The shape of the mask, the batch first, None for extents of x: along axes of 1
            it is one for all, as in ``(None, 1, 32)`` for all steps. Default None: that of x.
        seed: Chooses other masks for this layer. In a model the masks follow from it, the seed of
            :func:`brasa.set_seed` and the step; on arrays from it and the number of the call.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: rate or seed is out of range, or noise_shape does not fit x. TypeError: it is no
            number, or no tuple of them.

    Source: Srivastava et al., JMLR 15 (2014).

    >>> import numpy as np
    >>> from brasa import layers
    >>> x = np.ones((1, 1000), np.float32)
    >>> dropout = layers.Dropout(0.5, seed=1)
    >>> sorted(set(dropout(x, training=True).ravel().tolist())), bool((dropout(x) == x).all())
    ([0.0, 2.0], True)
    """

    supports_masking = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, **options)
        self.rate = number(type(self).__name__, "rate", rate)
        if not 0 <= self.rate < 1:
            raise ValueError(f"{type(self).__name__}: rate must be in [0, 1), got {self.rate}")
        self.noise_shape = _checked_shape(type(self).__name__, noise_shape)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        shape = self._mask_shape(tuple(x.shape))
        if not training or self.rate == 0:
            return x
        if shape == tuple(x.shape) or 0 in shape:
            return self._dropped(x)
        return ops.multiply(x, self._dropped(ones_of(x, shape)))

    def _mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the mask for an input of that shape."""
        if self.noise_shape is None:
            return shape
        pairs = list(zip(self.noise_shape, shape, strict=False))
        if len(self.noise_shape) != len(shape) or any(n not in (None, 1, x) for n, x in pairs[1:]):
            raise ValueError(
                f"{type(self).__name__}: noise_shape must have 1, None or the extent for each "
                f"axis of the input {('N', *shape[1:])}, got {self.noise_shape}"
            )
        # A number of samples stands for those of any batch.
        return tuple(1 if n == 1 else x for n, x in pairs)

    def _dropped(self, x: Tensor) -> Tensor:
        if isinstance(x, Symbol):
            state, node = self._recorded_numbers(x.graph)
            return x.graph.add("dropout", [x, state], {"rate": self.rate, "node": node})[0]
        return ops.dropout(x, self.rate, **self._next_numbers())

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "rate": self.rate, "seed": self.seed}
        given = self.noise_shape
        return config if given is None else {**config, "noise_shape": list(given)}


def _checked_shape(own: str, given: Any) -> tuple[int | None, ...] | None:
    """A ``noise_shape=``: of None and whole numbers of 1 or more."""
    if given is None:
        return None
    if not isinstance(given, (tuple, list)):
        raise TypeError(
            f"{own}: noise_shape must be a tuple such as (None, 1, 32), got {given!r}: a seed "
            "goes by its name, seed=..."
        )
    found = tuple(None if n is None else whole(own, "noise_shape", n) for n in given)
    if any(n is not None and n < 1 for n in found):
        raise ValueError(f"{own}: noise_shape must be >= 1, got {found}")
    return found
