"""Random values whose spread follows from the shape, so that signals neither fade nor explode."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from brasa.arrays import FloatArray
from brasa.initializers.base import RandomInitializer, Shape
from brasa.initializers.plain import affine, truncated_normal
from brasa.ops.arguments import finite
from brasa.suggest import unknown

# The standard deviation of a standard normal that is cut at 2.
_TRUNCATED_STDDEV = 0.87962566103423978


class VarianceScaling(RandomInitializer):
    """Random values of variance ``scale / n``, where n is the fan-in, the fan-out or their mean.

    Args:
        scale: Above 0. Default 1.
        mode: "fan_in", "fan_out" or "fan_avg". Default "fan_in".
        distribution: "truncated_normal" (cut at two standard deviations, and widened so that the
            variance is right), "untruncated_normal" or "uniform". Default "truncated_normal".
        seed: For the same values at each call. Default none.

    Raises:
        ValueError: an argument is out of range, or unknown. TypeError: scale is no number.

    Source: He et al., arXiv:1502.01852.

    >>> from brasa.initializers import VarianceScaling
    >>> values = VarianceScaling(2.0, "fan_avg", "uniform", seed=1)((50, 150))
    >>> bool(abs(values).max() <= (3 * 2 / 100) ** 0.5)
    True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.scale = finite("VarianceScaling", "scale", scale)
        if self.scale <= 0:
            raise ValueError(f"VarianceScaling: scale must be above 0, got {scale}")
        if mode not in _COUNTS:
            raise unknown("VarianceScaling: mode", mode, _COUNTS)
        if distribution not in _DISTRIBUTIONS:
            raise unknown("VarianceScaling: distribution", distribution, _DISTRIBUTIONS)
        self.mode, self.distribution = mode, distribution

    def values(self, shape: Shape) -> FloatArray:
        stddev = math.sqrt(self.scale / _COUNTS[self.mode](*fans(shape)))
        return _DISTRIBUTIONS[self.distribution](self.random(), shape, stddev)

    def get_config(self) -> dict[str, Any]:
        own = {"scale": self.scale, "mode": self.mode, "distribution": self.distribution}
        return {**own, **super().get_config()}


class _Named(VarianceScaling):
    """One whose arguments are in its name."""

    fixed: ClassVar[tuple[float, str, str]]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.fixed, seed)

    def get_config(self) -> dict[str, Any]:
        return RandomInitializer.get_config(self)


class GlorotUniform(_Named):
    """Uniform in ``[-limit, limit]``, ``limit = sqrt(6 / (fan_in + fan_out))``.

    Keeps the variance of activations and gradients alike. Keras's default for kernels.

    Source: Glorot & Bengio, AISTATS 2010.

    >>> from brasa.initializers import GlorotUniform
    >>> bool(abs(GlorotUniform(seed=1)((50, 100))).max() <= 0.2)
    True
    """

    fixed = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Named):
    """Truncated normal of standard deviation ``sqrt(2 / (fan_in + fan_out))``.

    Source: Glorot & Bengio, AISTATS 2010.

    >>> from brasa import initializers
    >>> round(float(initializers.GlorotNormal(seed=1)((400, 200)).std()), 3)
    0.058
    """

    fixed = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Named):
    """Uniform in ``[-limit, limit]``, ``limit = sqrt(6 / fan_in)``: for layers with ReLU.

    Source: He et al., arXiv:1502.01852.

    >>> from brasa import initializers
    >>> round(float(initializers.HeUniform(seed=1)((400, 200)).max()), 3)
    0.122
    """

    fixed = (2.0, "fan_in", "uniform")


class HeNormal(_Named):
    """Truncated normal of standard deviation ``sqrt(2 / fan_in)``: for layers with ReLU.

    Source: He et al., arXiv:1502.01852.

    >>> from brasa import initializers
    >>> round(float(initializers.HeNormal(seed=1)((400, 200)).std()), 3)
    0.071
    """

    fixed = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Named):
    """Uniform in ``[-limit, limit]``, ``limit = sqrt(3 / fan_in)``: for layers with tanh.

    Source: LeCun et al., Efficient BackProp, 1998.

    >>> from brasa import initializers
    >>> round(float(initializers.LecunUniform(seed=1)((400, 200)).max()), 3)
    0.087
    """

    fixed = (1.0, "fan_in", "uniform")


class LecunNormal(_Named):
    """Truncated normal of standard deviation ``sqrt(1 / fan_in)``: for layers with tanh.

    Source: LeCun et al., Efficient BackProp, 1998.

    >>> from brasa import initializers
    >>> round(float(initializers.LecunNormal(seed=1)((400, 200)).std()), 3)
    0.05
    """

    fixed = (1.0, "fan_in", "truncated_normal")


class Orthogonal(RandomInitializer):
    """``gain`` times a matrix whose rows or columns, whichever are fewer, are orthonormal.

    Shapes of more than 2 axes are seen as (all axes but the last, the last).

    Args:
        gain: Factor. Default 1.
        seed: For the same values at each call. Default none.

    Raises:
        ValueError: the shape has fewer than 2 axes.

    Source: Saxe et al., arXiv:1312.6120.

    >>> from brasa.initializers import Orthogonal
    >>> q = Orthogonal(seed=1)((3, 3))
    >>> bool(np.allclose(q.T @ q, np.eye(3), atol=1e-6))
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = finite("Orthogonal", "gain", gain)

    def values(self, shape: Shape) -> Any:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: the shape must have at least 2 axes, got {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(self.random().standard_normal(tall))
        # QR leaves the columns' signs open; these make q uniform over all orthogonal matrices.
        q *= np.where(np.diagonal(r) < 0, -self.gain, self.gain)
        return (q if rows >= columns else q.T).reshape(shape)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, **super().get_config()}


def fans(shape: Shape) -> tuple[float, float]:
    """Inputs and outputs that one unit of a weight is connected to, each at least 1.

    Dense (D, U) gives D and U; convolution (R, S, C, K) gives R S C and R S K.

    >>> from brasa.initializers import fans
    >>> fans((5, 5, 6, 16))
    (150.0, 400.0)
    """
    if not shape:
        return 1.0, 1.0
    window = math.prod(shape[:-2])
    fan_in = window * shape[-2] if len(shape) > 1 else shape[0]
    return max(1.0, float(fan_in)), max(1.0, float(window * shape[-1]))


def _uniform(random: np.random.Generator, shape: Shape, stddev: float) -> FloatArray:
    limit = math.sqrt(3) * stddev
    return affine(random.random(shape, dtype=np.float32), 2 * limit, -limit)


def _corrected_normal(random: np.random.Generator, shape: Shape, stddev: float) -> FloatArray:
    return affine(truncated_normal(random, shape), stddev / _TRUNCATED_STDDEV, 0.0)


def _normal(random: np.random.Generator, shape: Shape, stddev: float) -> FloatArray:
    return affine(random.standard_normal(shape, dtype=np.float32), stddev, 0.0)


_COUNTS: dict[str, Callable[[float, float], float]] = {
    "fan_in": lambda fan_in, _: fan_in,
    "fan_out": lambda _, fan_out: fan_out,
    "fan_avg": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
}
_DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, Shape, float], FloatArray]] = {
    "truncated_normal": _corrected_normal,
    "uniform": _uniform,
    "untruncated_normal": _normal,
}
