"""Images of another size."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import check_data_format, flag, image_channels, one_of, positive
from brasa.layers.base import Layer
from brasa.ops.arguments import finite
from brasa.ops.dispatch import Tensor

WAYS = ("bilinear", "nearest")


class Resizing(Layer):
    """Bring images to a size, in training and outside of it.

    Pixels have an extent, as in Keras: along either axis ``y[i]`` is x at the place
    ``(i + 1/2) * H / height - 1/2``. "bilinear" lies on the straight line between the middles of
    the pixels before and behind it, beyond the outermost of which it is constant; "nearest" is the
    pixel at the place. Images that become smaller are not smoothed first (Keras's
    ``antialias=False``, its default), and "bicubic" and the like are not known.

    Shapes:
        x (N, H, W, C), y (N, height, width, C), in pixels

    Args:
        height: At least 1.
        width: At least 1.
        interpolation: "bilinear" (default) or "nearest".
        crop_to_aspect_ratio: True: of images with other proportions the middle is kept, as large
            as it can be, and nothing is distorted.
        pad_to_aspect_ratio: True: nothing is distorted, and nothing lost: as many pixels of
            ``fill_value`` come to both sides as bring the proportions.
        fill_mode: Of that: only "constant".
        fill_value: Default 0.
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or x is no image or one without pixels.
        TypeError: an argument is of another type.

    >>> from brasa import layers
    >>> layers.Resizing(1, 4)([[[[1.0], [2.0]]]]).ravel()
    array([1.  , 1.25, 1.75, 2.  ], dtype=float32)
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        check_data_format("Resizing", data_format)
        super().__init__(**options)
        self.height = positive("Resizing", "height", height)
        self.width = positive("Resizing", "width", width)
        self.interpolation = one_of("Resizing", "interpolation", interpolation, WAYS)
        self.crop_to_aspect_ratio = flag("Resizing", "crop_to_aspect_ratio", crop_to_aspect_ratio)
        self.pad_to_aspect_ratio = flag("Resizing", "pad_to_aspect_ratio", pad_to_aspect_ratio)
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ValueError("Resizing: give crop_to_aspect_ratio or pad_to_aspect_ratio, not both")
        self.fill_mode = one_of("Resizing", "fill_mode", fill_mode, ("constant",))
        self.fill_value = finite("Resizing", "fill_value", fill_value)

    def build(self, input_shape: Any) -> None:
        image_channels(input_shape)

    def call(self, x: Tensor) -> Tensor:
        x = self._cropped(x) if self.crop_to_aspect_ratio else x
        x = self._padded(x) if self.pad_to_aspect_ratio else x
        size, way = (self.height, self.width), self.interpolation
        if tuple(x.shape[1:3]) == size:
            return x
        return ops.warp2d(x, size, interpolation=way, fill_mode="nearest")

    def _cropped(self, x: Tensor) -> Tensor:
        """The middle of x, in the proportions of the result but for the rounding to pixels."""
        have = int(x.shape[1]), int(x.shape[2])
        kept = have[1] * self.height // self.width, have[0] * self.width // self.height
        for axis, (extent, wanted) in enumerate(zip(have, kept, strict=True), 1):
            if wanted < extent:
                length = max(wanted, 1)
                x = ops.slice(x, axis, (extent - length) // 2, length)
        return x

    def _padded(self, x: Tensor) -> Tensor:
        """x with a frame above and below, or left and right, as Keras rounds it to pixels."""
        have = int(x.shape[1]), int(x.shape[2])
        wanted = have[1] * self.height // self.width, have[0] * self.width // self.height
        for axis, (extent, length) in enumerate(zip(have, wanted, strict=True), 1):
            side = (length - extent) // 2
            if side > 0:
                inside = ops.pad(ops.ones_like(x), axis, side, side) if self.fill_value else None
                x = ops.pad(x, axis, side, side)
                if inside is not None:
                    x = ops.add(x, ops.scale(inside, -self.fill_value, self.fill_value))
        return x

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "height": self.height,
            "width": self.width,
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
        }
