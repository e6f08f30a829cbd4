"""Larger images."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import check_data_format, image_channels, positive_pair
from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor


class UpSampling2D(Layer):
    """Each pixel as a block of equal ones: ``y[n, i, j] = x[n, i // size, j // size]``.

    Or with ``interpolation="bilinear"`` in straight lines between the middles of the pixels, beyond
    the outermost of which it is constant: along either axis ``y[i] = (1 - f) x[l] + f x[l + 1]``
    with ``l + f = (i + 1/2) / size - 1/2``, as in Keras and PyTorch (``align_corners=False``).

    Shapes:
        x (N, H, W, C), y (N, H * size, W * size, C)

    Args:
        size: A whole number, or one for height and width. Default 2.
        data_format: "channels_last".
        interpolation: "nearest" (default) or "bilinear".
        **options: name, trainable, input_shape.

    Raises:
        ValueError: size is below 1, or x is no image. TypeError: size is no whole number.

    >>> from brasa import layers
    >>> layers.UpSampling2D((1, 2))([[[[1.0], [2.0]]]]).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    >>> layers.UpSampling2D((1, 2), interpolation="bilinear")([[[[1.0], [2.0]]]]).ravel()
    array([1.  , 1.25, 1.75, 2.  ], dtype=float32)
    """

    def __init__(
        self,
        size: int | tuple[int, int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_data_format("UpSampling2D", data_format)
        self.size = positive_pair("UpSampling2D", "size", size)
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(
                "UpSampling2D: interpolation must be 'nearest' or 'bilinear', got "
                f"{interpolation!r}"
            )
        self.interpolation = str(interpolation)

    def build(self, input_shape: Any) -> None:
        image_channels(input_shape)

    def call(self, x: Tensor) -> Tensor:
        if self.interpolation == "bilinear":
            return self._between(x)
        # Copies beside each other in memory: first of each pixel, then of each row of pixels.
        rows, columns = self.size
        n, h, w, c = x.shape
        wide = ops.concatenate([x] * columns)
        tall = ops.concatenate([ops.reshape(wide, (n, h, w * columns * c))] * rows)
        return ops.reshape(tall, (n, h * rows, w * columns, c))

    def _between(self, x: Tensor) -> Tensor:
        rows, columns = self.size
        n, h, w, c = x.shape
        wide = _along(ops.reshape(x, (n * h, w, c)), columns)
        tall = _along(ops.reshape(wide, (n, h, w * columns * c)), rows)
        return ops.reshape(tall, (n, h * rows, w * columns, c))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "size": list(self.size),
            "interpolation": self.interpolation,
        }


def _along(x: Tensor, size: int) -> Tensor:
    """(B, L, D) as (B, L * size, D), in straight lines.

    Of the ``size`` results around an element those before its middle lean on the element before it,
    those behind on the next one; at either end an element is its own neighbour.
    """
    b, length, d = x.shape
    if size == 1:
        return x
    inner = length - 1
    first, last = ops.slice(x, 1, 0, 1), ops.slice(x, 1, inner, 1)
    before = ops.concatenate([first, ops.slice(x, 1, 0, inner)], 1) if inner else x
    behind = ops.concatenate([ops.slice(x, 1, 1, inner), last], 1) if inner else x
    parts = []
    for i in range(size):
        offset = (i + 0.5) / size - 0.5
        lean = ops.scale(behind if offset > 0 else before, abs(offset))
        parts.append(ops.add(ops.scale(x, 1 - abs(offset)), lean) if offset else x)
    return ops.reshape(ops.concatenate(parts), (b, length * size, d))
