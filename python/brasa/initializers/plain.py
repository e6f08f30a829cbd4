"""Random values of a given spread."""

from __future__ import annotations

from typing import Any

import numpy as np

from brasa.arrays import FloatArray
from brasa.initializers.base import RandomInitializer, Shape
from brasa.ops.arguments import finite


class RandomNormal(RandomInitializer):
    """Normal with the given mean and standard deviation.

    Args:
        mean: Default 0.
        stddev: Standard deviation, at least 0. Default 0.05.
        seed: For the same values at each call. Default none.

    >>> from brasa import initializers
    >>> w = initializers.RandomNormal(mean=1.0, stddev=0.5, seed=1)((100, 100))
    >>> round(float(w.mean()), 1), round(float(w.std()), 1)
    (1.0, 0.5)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        who = type(self).__name__
        self.mean = finite(who, "mean", mean)
        self.stddev = finite(who, "stddev", stddev)
        if self.stddev < 0:
            raise ValueError(f"{who}: stddev must be >= 0, got {self.stddev}")

    def values(self, shape: Shape) -> FloatArray:
        z = self.random().standard_normal(shape, dtype=np.float32)
        return affine(z, self.stddev, self.mean)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


class TruncatedNormal(RandomNormal):
    """Normal, drawn again until within two ``stddev`` of the mean.

    ``stddev`` is that of the normal before it is cut: the values' own is 12 % smaller, as in Keras.

    >>> from brasa import initializers
    >>> w = initializers.TruncatedNormal(stddev=1.0, seed=1)((100, 100))
    >>> bool(abs(w).max() <= 2.0), round(float(w.std()), 2)
    (True, 0.87)
    """

    def values(self, shape: Shape) -> FloatArray:
        return affine(truncated_normal(self.random(), shape), self.stddev, self.mean)


class RandomUniform(RandomInitializer):
    """Uniform between ``minval`` and ``maxval``.

    Args:
        minval: Lower end. Default -0.05.
        maxval: Upper end, at least ``minval``. Default 0.05.
        seed: For the same values at each call. Default none.

    >>> from brasa import initializers
    >>> w = initializers.RandomUniform(-1.0, 3.0, seed=1)((100, 100))
    >>> bool(w.min() >= -1.0), bool(w.max() <= 3.0), round(float(w.mean()), 1)
    (True, True, 1.0)
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = finite("RandomUniform", "minval", minval)
        self.maxval = finite("RandomUniform", "maxval", maxval)
        if self.minval > self.maxval:
            raise ValueError(
                f"RandomUniform: minval {self.minval} must not exceed maxval {self.maxval}"
            )

    def values(self, shape: Shape) -> FloatArray:
        u = self.random().random(shape, dtype=np.float32)
        return affine(u, self.maxval - self.minval, self.minval)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


def affine(values: FloatArray, factor: float, offset: float) -> FloatArray:
    """``factor * values + offset``, in place: a large weight exists once."""
    values *= np.float32(factor)
    values += np.float32(offset)
    return values


def truncated_normal(random: np.random.Generator, shape: Shape) -> FloatArray:
    """Standard normal values, drawn again until within [-2, 2]."""
    z = random.standard_normal(shape, dtype=np.float32)
    values = z.reshape(-1)
    outside = np.flatnonzero(np.abs(values) > 2)
    while outside.size:
        values[outside] = drawn = random.standard_normal(outside.size, dtype=np.float32)
        outside = outside[np.abs(drawn) > 2]
    return z
