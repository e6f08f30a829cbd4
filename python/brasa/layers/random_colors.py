"""Images brighter or darker, with more contrast or less, each time that training sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.layers.arguments import check_data_format, image_channels, share_bounds
from brasa.layers.dropout import ones_of_features
from brasa.layers.gaussian_noise import noisy
from brasa.layers.random_layer import RandomLayer
from brasa.ops.arguments import finite
from brasa.ops.dispatch import Tensor


class _RandomColor(RandomLayer):
    """One number for each image, and the range that values are kept in."""

    def __init__(
        self,
        value_range: Sequence[float],
        seed: int | None,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        own = type(self).__name__
        check_data_format(own, data_format)
        super().__init__(seed, **options)
        if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
            raise ValueError(f"{own}: value_range must be (low, high), got {value_range!r}")
        low, high = (finite(own, "value_range", end) for end in value_range)
        if not low < high:
            raise ValueError(f"{own}: value_range must be (low, high), got {value_range!r}")
        self.value_range = low, high

    def build(self, input_shape: Any) -> None:
        image_channels(input_shape)

    def _drawn(self, x: Tensor, low: float, high: float) -> Tensor:
        """(N, 1, 1, 1), uniform in [low, high].

        Of two normally distributed numbers z, exp(-(z0^2 + z1^2) / 2) is uniform (Box and Muller).
        """
        zero = ops.scale(ops.slice(ones_of_features(x), 1, 0, 1), 0.0)
        z = noisy(self, ops.concatenate([zero, zero]), 1.0)
        uniform = ops.exp(ops.scale(ops.sum(ops.square(z), -1), -0.5))
        return ops.reshape(ops.scale(uniform, high - low, low), (x.shape[0], 1, 1, 1))

    def _kept(self, x: Tensor) -> Tensor:
        return ops.clip(x, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "value_range": list(self.value_range), "seed": self.seed}


class RandomContrast(_RandomColor):
    """Move the values of each channel from or to their mean in training; else ``y = x``.

    ``y = f (x - mean) + mean``, clipped to ``value_range``, with the mean over the pixels of a
    channel of an image, and f drawn for each image between ``1 - factor`` and ``1 + factor``. Keras
    documents the same, but draws f above 1 alone where the factor is one number, and sorts two.

    Shapes:
        x and y (N, H, W, C)

    Args:
        factor: How far f may lie below and above 1; or (below, above). All in [0, 1].
        value_range: The values that pixels can have. Default (0, 255).
        seed: Chooses other draws for this layer. In a model they follow from it, the seed of
            :func:`brasa.set_seed` and the step; on arrays from it and the number of the call.
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or x is no image. TypeError: an argument is of
            another type.

    >>> from brasa import layers
    >>> contrast = layers.RandomContrast((0.5, 0.0), (0, 1), seed=1)
    >>> y = contrast([[[[0.25], [0.75]]]], training=True)
    >>> bool(0.25 < y.min() < 0.375), float(y.mean())
    (True, 0.5)
    """

    def __init__(
        self,
        factor: float | Sequence[float],
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(value_range, seed, **options)
        both = factor if isinstance(factor, (tuple, list)) else (factor, factor)
        share_bounds("RandomContrast", "factor", both)
        self.factor = tuple(finite("RandomContrast", "factor", share) for share in both)
        if min(self.factor) < 0:
            raise ValueError(f"RandomContrast: factor must lie in [0, 1], got {factor!r}")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or 0 in x.shape:
            return x
        below, above = self.factor
        mean = ops.mean(x, (1, 2), keepdims=True)
        apart = ops.multiply(ops.subtract(x, mean), self._drawn(x, 1 - below, 1 + above))
        return self._kept(ops.add(apart, mean))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}


class RandomBrightness(_RandomColor):
    """Add a random number to all values of each image in training; else ``y = x``.

    ``y = x + f (high - low)``, clipped to ``value_range = (low, high)``, with f drawn for each
    image between ``-factor`` and ``factor``.

    Shapes:
        x and y (N, H, W, C)

    Args:
        factor: How far f may lie from 0; or (lower, upper). All in [-1, 1]: -1 makes an image
            black, 1 white.
        value_range: The values that pixels can have. Default (0, 255).
        seed: As in RandomContrast.
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or x is no image. TypeError: an argument is of
            another type.

    >>> from brasa import layers
    >>> brighter = layers.RandomBrightness((0.5, 0.5), (0, 1))
    >>> brighter([[[[0.25], [0.75]]]], training=True).ravel()
    array([0.75, 1.  ], dtype=float32)
    """

    def __init__(
        self,
        factor: float | Sequence[float],
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(value_range, seed, **options)
        self.factor = share_bounds("RandomBrightness", "factor", factor)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or 0 in x.shape:
            return x
        extent = self.value_range[1] - self.value_range[0]
        return self._kept(ops.add(x, self._drawn(x, *(extent * f for f in self.factor))))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}
