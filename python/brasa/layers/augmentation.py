"""Images that differ a little each time training sees them: mirrored, shifted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.layers.arguments import check_data_format, image_channels, one_of, share_bounds
from brasa.layers.random_layer import RandomLayer
from brasa.ops.arguments import finite
from brasa.ops.dispatch import Tensor

_FLIPS = ("horizontal", "vertical", "horizontal_and_vertical")
FILLS = ("constant", "nearest", "reflect", "wrap")
# Products such as 0.29 * 100 end just below the whole number that they stand for.
_ROUNDING = 1e-6


class RandomWindow(RandomLayer):
    """What shows another window of each image in training."""

    def __init__(
        self, seed: int | None = None, data_format: str | None = None, **options: Any
    ) -> None:
        check_data_format(type(self).__name__, data_format)
        super().__init__(seed, **options)

    def build(self, input_shape: Any) -> None:
        image_channels(input_shape)

    def _window(self, x: Tensor, size: Sequence[int], **window: Any) -> Tensor:
        if isinstance(x, Symbol):
            state, node = self._recorded_numbers(x.graph)
            attributes = {"size": list(size), **window, "node": node}
            return x.graph.add("crop_flip", [x, state], attributes)[0]
        return ops.crop_flip(x, size, **window, **self._next_numbers())


class RandomFlip(RandomWindow):
    """Mirror each image of a batch, or not, with even chances, in training; else ``y = x``.

    Shapes:
        x and y (N, H, W, C)

    Args:
        mode: "horizontal": left and right change places; "vertical": top and bottom do;
            "horizontal_and_vertical": each of the two happens or not. The default.
        seed: Chooses other draws for this layer. In a model they follow from it, the seed of
            :func:`brasa.set_seed` and the step; on arrays from it and the number of the call.
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or x is no image. TypeError: seed is no whole
            number.

    >>> from brasa import layers
    >>> flip = layers.RandomFlip("horizontal", seed=1)
    >>> images = [[[[1.0], [2.0]]]] * 4
    >>> flip(images, training=True)[..., 0].tolist()
    [[[1.0, 2.0]], [[2.0, 1.0]], [[1.0, 2.0]], [[2.0, 1.0]]]
    """

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | None = None, **options: Any
    ) -> None:
        super().__init__(seed, **options)
        self.mode = one_of("RandomFlip", "mode", mode, _FLIPS)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return self._window(x, x.shape[1:3], flip=self.mode) if training else x

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode, "seed": self.seed}


class RandomTranslation(RandomWindow):
    """Shift each image by a random number of whole pixels in training; else ``y = x``.

    Shifts are whole pixels, all with the same chance: nothing is interpolated, where Keras also
    shifts by fractions.

    Shapes:
        x and y (N, H, W, C)

    Args:
        height_factor: The largest shift up and down as a share of the height; or (lower, upper)
            where below 0 is up and above 0 down. All in [-1, 1].
        width_factor: Likewise for the width; below 0 is left and above 0 right.
        fill_mode: What moves in over the edges of ``a b c d``: "reflect" ``b a|a b c d|d c``,
            "constant" fill_value, "nearest" ``a a|a b c d|d d``, "wrap" ``c d|a b c d|a b``.
        fill_value: For "constant". Default 0.
        seed: As in RandomFlip.
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, x is no image, or no whole number of pixels lies
            between the bounds. TypeError: an argument is of another type.

    >>> from brasa import layers
    >>> shift = layers.RandomTranslation(0, (0.5, 0.5), "constant", fill_value=9)
    >>> shift([[[[1.0], [2.0], [3.0], [4.0]]]], training=True).ravel()
    array([9., 9., 1., 2.], dtype=float32)
    """

    def __init__(
        self,
        height_factor: float | Sequence[float],
        width_factor: float | Sequence[float],
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, **options)
        own = "RandomTranslation"
        self.height_factor = share_bounds(own, "height_factor", height_factor)
        self.width_factor = share_bounds(own, "width_factor", width_factor)
        self.fill_mode = one_of(own, "fill_mode", fill_mode, FILLS)
        self.fill_value = finite(own, "fill_value", fill_value)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training:
            return x
        height, width = (int(extent) for extent in x.shape[1:3])
        top = _places("height_factor", self.height_factor, height)
        left = _places("width_factor", self.width_factor, width)
        if top == left == [0, 0]:
            return x
        fill = {"fill_mode": self.fill_mode, "fill_value": self.fill_value}
        return self._window(x, (height, width), top=top, left=left, **fill)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "height_factor": list(self.height_factor),
            "width_factor": list(self.width_factor),
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "seed": self.seed,
        }


def _places(name: str, factor: tuple[float, float], extent: int) -> list[int]:
    """Where the window of a shifted image begins, first and last: a shift down is a start above."""
    lowest = math.ceil(factor[0] * extent - _ROUNDING)
    highest = math.floor(factor[1] * extent + _ROUNDING)
    if lowest > highest:
        raise ValueError(
            f"RandomTranslation: no whole number of pixels lies between the bounds of {name}, "
            f"{factor[0]} and {factor[1]} of {extent}"
        )
    return [-highest, -lowest]
