"""Dropout by noise."""

from __future__ import annotations

import math
from typing import Any

from brasa import ops
from brasa.layers.gaussian_noise import noisy
from brasa.layers.random_layer import RandomLayer
from brasa.ops.arguments import number
from brasa.ops.dispatch import Tensor


class GaussianDropout(RandomLayer):
    """Multiply by normally distributed noise in training: ``y = x * (1 + stddev * z)``.

    With ``stddev = sqrt(rate / (1 - rate))`` mean and variance are those of :class:`Dropout`;
    outside training ``y = x``.

    Shapes:
        x and y of any one shape

    Args:
        rate: That of the dropout, in [0, 1).
        seed: Chooses other noise for this layer, as for :class:`GaussianNoise`.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: rate or seed is out of range. TypeError: it is no number.

    Source: Srivastava et al., JMLR 15 (2014), section 10.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x = np.ones((1, 1000), np.float32)
    >>> dropout = layers.GaussianDropout(0.5, seed=1)
    >>> bool(0.9 < dropout(x, training=True).std() < 1.1), bool((dropout(x) == x).all())
    (True, True)
    """

    supports_masking = True

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.rate = number("GaussianDropout", "rate", rate)
        if not 0 <= self.rate < 1:
            raise ValueError(f"GaussianDropout: rate must be in [0, 1), got {self.rate}")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return x
        # A mask holds 0 and 1, whatever x holds, and is where no gradient passes.
        ones = ops.scale(ops.mask_of_rows(ops.reshape(x, (*x.shape, 1))), 0.0, 1.0)
        return ops.multiply(x, noisy(self, ones, math.sqrt(self.rate / (1 - self.rate))))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
