"""Images turned and scaled a little, each time in another way that training sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.layers.arguments import check_data_format, image_channels, one_of, share_bounds
from brasa.layers.augmentation import FILLS
from brasa.layers.random_layer import RandomLayer
from brasa.layers.resizing import WAYS
from brasa.ops.arguments import finite
from brasa.ops.dispatch import Tensor
from brasa.ops.warp2d import Bounds, warp_attributes


class _RandomWarp(RandomLayer):
    """A transform about the middle of each image, and what it shows where there is none."""

    def __init__(
        self,
        fill_mode: str,
        interpolation: str,
        seed: int | None,
        fill_value: float,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        own = type(self).__name__
        check_data_format(own, data_format)
        super().__init__(seed, **options)
        self.fill_mode = one_of(own, "fill_mode", fill_mode, FILLS)
        self.interpolation = one_of(own, "interpolation", interpolation, WAYS)
        self.fill_value = finite(own, "fill_value", fill_value)

    def build(self, input_shape: Any) -> None:
        image_channels(input_shape)

    def _warped(
        self, x: Tensor, angle: Bounds = 0.0, height: Bounds = 1.0, width: Bounds | None = 1.0
    ) -> Tensor:
        fill = (self.interpolation, self.fill_mode, self.fill_value)
        if not isinstance(x, Symbol):
            return ops.warp2d(x, None, angle, height, width, *fill, **self._next_numbers())
        state, node = self._recorded_numbers(x.graph)
        attributes = warp_attributes("warp2d", angle, height, width, *fill)
        return x.graph.add("warp2d", [x, state], {**attributes, "node": node})[0]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "fill_mode": self.fill_mode,
            "interpolation": self.interpolation,
            "fill_value": self.fill_value,
            "seed": self.seed,
        }


class RandomRotation(_RandomWarp):
    """Turn each image about its middle by a random angle in training; else ``y = x``.

    All angles between the bounds have the same chance, and each image of a batch has its own.
    Quarters of a turn move pixels as they are; the middle between two of them belongs to the one
    behind (Keras's float32 angles and places may round it to either).

    Shapes:
        x and y (N, H, W, C)

    Args:
        factor: The largest angle to either side as a share of a full turn, 2 pi; or (lower, upper)
            where above 0 is counter-clockwise. All in [-1, 1].
        fill_mode: What moves in over the edges of ``a b c d``: "reflect" ``b a|a b c d|d c``,
            "constant" fill_value, "nearest" ``a a|a b c d|d d``, "wrap" ``c d|a b c d|a b``.
        interpolation: "bilinear": between the four pixels around a place; "nearest": the one there.
        seed: Chooses other draws for this layer. In a model they follow from it, the seed of
            :func:`brasa.set_seed` and the step; on arrays from it and the number of the call.
        fill_value: For "constant". Default 0.
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or x is no image. TypeError: an argument is of
            another type.

    >>> from brasa import layers
    >>> turn = layers.RandomRotation((0.25, 0.25))
    >>> turn([[[[1.0], [2.0]], [[3.0], [4.0]]]], training=True)[0, ..., 0].tolist()
    [[2.0, 4.0], [1.0, 3.0]]
    """

    def __init__(
        self,
        factor: float | Sequence[float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, **options)
        self.factor = share_bounds("RandomRotation", "factor", factor)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or not any(self.factor) or 0 in x.shape:
            return x
        return self._warped(x, self.factor)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}


class RandomZoom(_RandomWarp):
    """Scale each image about its middle by a random factor in training; else ``y = x``.

    ``1 + f`` times as much of it is seen, f drawn between the bounds, all with the same chance, and
    each image of a batch has its own: below 0 things become larger, above 0 smaller.

    Shapes:
        x and y (N, H, W, C)

    Args:
        height_factor: The largest f to either side; or (lower, upper). All in (-1, 1].
        width_factor: Likewise for the width. None: that of the height, which keeps proportions.
        fill_mode: As in RandomRotation.
        interpolation: As in RandomRotation.
        seed: As in RandomRotation.
        fill_value: For "constant". Default 0.
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or x is no image. TypeError: an argument is of
            another type.

    >>> from brasa import layers
    >>> farther = layers.RandomZoom(0, (1.0, 1.0), "constant")
    >>> farther([[[[1.0], [2.0], [3.0], [4.0]]]], training=True).ravel()
    array([0. , 1.5, 3.5, 0. ], dtype=float32)
    """

    def __init__(
        self,
        height_factor: float | Sequence[float],
        width_factor: float | Sequence[float] | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, **options)
        self.height_factor = _zoom("height_factor", height_factor)
        self.width_factor = None if width_factor is None else _zoom("width_factor", width_factor)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or not self._scales() or 0 in x.shape:
            return x
        width = None if self.width_factor is None else _seen(self.width_factor)
        return self._warped(x, height=_seen(self.height_factor), width=width)

    def _scales(self) -> bool:
        return any(self.height_factor) or any(self.width_factor or ())

    def get_config(self) -> dict[str, Any]:
        width = self.width_factor
        return {
            **super().get_config(),
            "height_factor": list(self.height_factor),
            "width_factor": None if width is None else list(width),
        }


def _zoom(name: str, value: Any) -> tuple[float, float]:
    lower, upper = share_bounds("RandomZoom", name, value)
    # The kernels take 2^-20 of an image as the smallest part of it.
    if lower < -1 + 2.0**-20:
        raise ValueError(f"RandomZoom: {name} must be above -1, got {value!r}")
    return lower, upper


def _seen(factor: tuple[float, float]) -> tuple[float, float]:
    return 1 + factor[0], 1 + factor[1]
