"""Zeros around images and sequences, and edges cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.layers.arguments import (
    check_data_format,
    check_sequence_format,
    image_channels,
    sequence_channels,
)
from brasa.layers.base import Layer
from brasa.ops.arguments import at_least, fits_int64
from brasa.ops.dispatch import Tensor

# Before and after, for each axis.
Sides = tuple[tuple[int, int], ...]


class _Edges(Layer):
    """What all four share: how much there is at each side."""

    argument: str

    def __init__(self, sides: Sides, **options: Any) -> None:
        super().__init__(**options)
        self.sides = sides

    def build(self, input_shape: Any) -> None:
        (image_channels if len(self.sides) == 2 else sequence_channels)(input_shape)

    def _padded(self, x: Tensor) -> Tensor:
        for axis, (before, after) in enumerate(self.sides, 1):
            if before or after:
                x = ops.pad(x, axis, before, after)
        return x

    def _cropped(self, x: Tensor) -> Tensor:
        for axis, (before, after) in enumerate(self.sides, 1):
            left = int(x.shape[axis]) - before - after
            if left < 1:
                raise ValueError(
                    f"{type(self).__name__}: cropping ({before}, {after}) leaves nothing of "
                    f"{x.shape[axis]} entries (axis {axis})"
                )
            if before or after:
                x = ops.slice(x, axis, before, left)
        return x

    def get_config(self) -> dict[str, Any]:
        sides = [list(side) for side in self.sides]
        return {**super().get_config(), self.argument: sides if len(sides) == 2 else sides[0]}


class ZeroPadding1D(_Edges):
    """Zeros before and after each sequence.

    Shapes:
        x (N, T, C), y (N, before + T + after, C)

    Args:
        padding: A whole number for both ends, or (before, after). Default 1.
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: padding is below 0, or x is no sequence. TypeError: padding is no whole number.

    >>> from brasa import layers
    >>> layers.ZeroPadding1D((1, 2))([[[5.0]]]).ravel()
    array([0., 5., 0., 0.], dtype=float32)
    """

    argument = "padding"

    def __init__(
        self, padding: int | Sequence[int] = 1, data_format: str | None = None, **options: Any
    ) -> None:
        check_sequence_format("ZeroPadding1D", data_format)
        super().__init__((_side("ZeroPadding1D", "padding", padding),), **options)

    def call(self, x: Tensor) -> Tensor:
        return self._padded(x)


class Cropping1D(_Edges):
    """The steps at both ends of each sequence left out.

    Shapes:
        x (N, T, C), y (N, T - before - after, C)

    Args:
        cropping: A whole number for both ends, or (before, after). Default (1, 1).
        **options: name, trainable, input_shape.

    Raises:
        ValueError: cropping is below 0 or leaves nothing, or x is no sequence.
        TypeError: cropping is no whole number.

    >>> from brasa import layers
    >>> layers.Cropping1D((0, 2))([[[1.0], [2.0], [3.0]]]).ravel()
    array([1.], dtype=float32)
    """

    argument = "cropping"

    def __init__(self, cropping: int | Sequence[int] = (1, 1), **options: Any) -> None:
        super().__init__((_side("Cropping1D", "cropping", cropping),), **options)

    def call(self, x: Tensor) -> Tensor:
        return self._cropped(x)


class ZeroPadding2D(_Edges):
    """Zeros around each image.

    Shapes:
        x (N, H, W, C), y (N, top + H + bottom, left + W + right, C)

    Args:
        padding: A whole number, (height, width) or ((top, bottom), (left, right)). Default (1, 1).
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: padding is below 0, or x is no image. TypeError: padding is no whole number.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.ZeroPadding2D(((1, 0), (2, 2)))(np.ones((1, 3, 3, 1), np.float32)).shape
    (1, 4, 7, 1)
    """

    argument = "padding"

    def __init__(
        self, padding: Any = (1, 1), data_format: str | None = None, **options: Any
    ) -> None:
        check_data_format("ZeroPadding2D", data_format)
        super().__init__(_sides("ZeroPadding2D", "padding", padding), **options)

    def call(self, x: Tensor) -> Tensor:
        return self._padded(x)


class Cropping2D(_Edges):
    """The edges of each image cut off.

    Shapes:
        x (N, H, W, C), y (N, H - top - bottom, W - left - right, C)

    Args:
        cropping: A whole number, (height, width) or ((top, bottom), (left, right)).
            Default ((0, 0), (0, 0)).
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: cropping is below 0 or leaves nothing, or x is no image.
        TypeError: cropping is no whole number.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Cropping2D(((1, 0), (2, 2)))(np.ones((1, 6, 6, 1), np.float32)).shape
    (1, 5, 2, 1)
    """

    argument = "cropping"

    def __init__(
        self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **options: Any
    ) -> None:
        check_data_format("Cropping2D", data_format)
        super().__init__(_sides("Cropping2D", "cropping", cropping), **options)

    def call(self, x: Tensor) -> Tensor:
        return self._cropped(x)


def _side(owner: str, name: str, value: Any) -> tuple[int, int]:
    both = value if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2:
        raise ValueError(f"{owner}: {name} of an axis must be (before, after), got {value!r}")
    before, after = (at_least(owner, name, entry, 0) for entry in both)
    return fits_int64(owner, name, before), fits_int64(owner, name, after)


def _sides(owner: str, name: str, value: Any) -> Sides:
    if not isinstance(value, (tuple, list)):
        return (_side(owner, name, value),) * 2
    if len(value) != 2:
        raise ValueError(
            f"{owner}: {name} must be a whole number, (height, width) or "
            f"((top, bottom), (left, right)), got {value!r}"
        )
    return tuple(_side(owner, name, entry) for entry in value)
