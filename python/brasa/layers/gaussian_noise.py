"""Noise in training."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.layers.random_layer import RandomLayer
from brasa.ops.arguments import finite
from brasa.ops.dispatch import Tensor


def noisy(layer: RandomLayer, x: Tensor, stddev: float) -> Tensor:
    """x with what the layer draws next added to it."""
    if isinstance(x, Symbol):
        state, node = layer._recorded_numbers(x.graph)
        attributes = {"stddev": stddev, "node": node}
        return x.graph.add("gaussian_noise", [x, state], attributes)[0]
    return ops.gaussian_noise(x, stddev, **layer._next_numbers())


class GaussianNoise(RandomLayer):
    """Add normally distributed noise in training: ``y = x + stddev * z``, z of variance 1.

    Outside training ``y = x``. In front of an autoencoder it makes a denoising one.

    Shapes:
        x and y of any one shape

    Args:
        stddev: Standard deviation of the noise, at least 0.
        seed: Chooses other noise for this layer. In a model it follows from this, the seed of
            :func:`brasa.set_seed` and the step; on arrays from this and the number of the call.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: stddev or seed is out of range. TypeError: it is no number.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x = np.zeros((1, 1000), np.float32)
    >>> noise = layers.GaussianNoise(2.0, seed=1)
    >>> bool(1.8 < noise(x, training=True).std() < 2.2), bool((noise(x) == x).all())
    (True, True)
    """

    supports_masking = True

    def __init__(self, stddev: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.stddev = finite("GaussianNoise", "stddev", stddev)
        if self.stddev < 0:
            raise ValueError(f"GaussianNoise: stddev must be >= 0, got {self.stddev}")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.stddev == 0:
            return x
        return noisy(self, x, self.stddev)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}
