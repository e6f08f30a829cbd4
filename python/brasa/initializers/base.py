"""What an initializer is, and the checks that all of them share."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from brasa.arrays import FloatArray
from brasa.configurable import Configurable
from brasa.ops.arguments import whole
from brasa.seed import check_seed, generator, next_generator

Shape = tuple[int, ...]


class Initializer(Configurable):
    """Base class: called with a shape, gives float32 values. Subclasses define ``values``.

    >>> from brasa import initializers
    >>> class Identity(initializers.Initializer):
    ...     def values(self, shape):
    ...         return np.eye(*shape)
    >>> Identity()((2, 2))
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """

    def values(self, shape: Shape) -> Any:
        """The values, as anything that NumPy makes an array of that shape of."""
        raise NotImplementedError(f"{type(self).__name__} does not define values()")

    def __call__(self, shape: Sequence[int]) -> FloatArray:
        """The values for ``shape``; MemoryError names the bytes where they cannot fit."""
        who = type(self).__name__
        extents = _checked_shape(who, shape)
        values = np.asarray(self.values(extents), dtype=np.float32, order="C")
        if values.shape != extents:
            raise ValueError(f"{who}: made values of {values.shape} for the shape {extents}")
        return values


class RandomInitializer(Initializer):
    """Base class of those that draw random numbers: takes care of ``seed``.

    With a seed each call gives the same values, without one others:

    >>> from brasa import initializers
    >>> same, other = initializers.HeNormal(seed=3), initializers.HeNormal()
    >>> bool((same((4,)) == same((4,))).all()), bool((other((4,)) == other((4,))).all())
    (True, False)
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = None if seed is None else check_seed(type(self).__name__, seed)

    def random(self) -> np.random.Generator:
        """Random numbers for one call."""
        return next_generator() if self.seed is None else generator(self.seed)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


def _checked_shape(who: str, shape: Sequence[int]) -> Shape:
    extents = tuple(whole(who, "shape", extent) for extent in shape)
    if any(extent < 0 for extent in extents):
        raise ValueError(f"{who}: extents must be >= 0, got {extents}")
    needed = 4 * math.prod(extents)
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > available:
        raise MemoryError(
            f"{who}: a weight of the shape {extents} needs {needed:,} bytes; "
            f"this machine has {available:,}"
        )
    return extents
