"""Random values whose spread follows from the shape, so that signals neither fade nor explode."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from brasa.arrays import FloatArray
from brasa.initializers.base import RandomInitializer, Shape
from brasa.initializers.plain import affine, truncated_normal
from brasa.ops.arguments import finite

# The standard deviation of a standard normal that is cut at 2.
_TRUNCATED_STDDEV = 0.87962566103423978


class GlorotUniform(RandomInitializer):
    """Uniform in ``[-limit, limit]``, ``limit = sqrt(6 / (fan_in + fan_out))``.

    Keeps the variance of activations and gradients alike. Keras's default for kernels.

    Source: Glorot & Bengio, AISTATS 2010.

    >>> from brasa.initializers import GlorotUniform
    >>> bool(abs(GlorotUniform(seed=1)((50, 100))).max() <= 0.2)
    True
    """

    def values(self, shape: Shape) -> FloatArray:
        return _uniform(self.random(), shape, math.sqrt(6 / sum(fans(shape))))


class GlorotNormal(RandomInitializer):
    """Truncated normal of standard deviation ``sqrt(2 / (fan_in + fan_out))``.

    Source: Glorot & Bengio, AISTATS 2010.
    """

    def values(self, shape: Shape) -> FloatArray:
        return _corrected_normal(self.random(), shape, math.sqrt(2 / sum(fans(shape))))


class HeUniform(RandomInitializer):
    """Uniform in ``[-limit, limit]``, ``limit = sqrt(6 / fan_in)``: for layers with ReLU.

    Source: He et al., arXiv:1502.01852.
    """

    def values(self, shape: Shape) -> FloatArray:
        return _uniform(self.random(), shape, math.sqrt(6 / fans(shape)[0]))


class HeNormal(RandomInitializer):
    """Truncated normal of standard deviation ``sqrt(2 / fan_in)``: for layers with ReLU.

    Source: He et al., arXiv:1502.01852.
    """

    def values(self, shape: Shape) -> FloatArray:
        return _corrected_normal(self.random(), shape, math.sqrt(2 / fans(shape)[0]))


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


def _uniform(random: np.random.Generator, shape: Shape, limit: float) -> FloatArray:
    return affine(random.random(shape, dtype=np.float32), 2 * limit, -limit)


def _corrected_normal(random: np.random.Generator, shape: Shape, stddev: float) -> FloatArray:
    return affine(truncated_normal(random, shape), stddev / _TRUNCATED_STDDEV, 0.0)
