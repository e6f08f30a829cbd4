"""Windows of images, in the middle or at a random place."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import check_data_format, image_channels, positive
from brasa.layers.augmentation import RandomWindow
from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor


class CenterCrop(Layer):
    """The middle of each image, in training and outside of it.

    As many rows are left out above as below, or one more below; likewise for columns. Images are
    not resized: they must be at least as large.

    Shapes:
        x (N, H, W, C), y (N, height, width, C), in pixels

    Args:
        height: At least 1 and at most H.
        width: At least 1 and at most W.
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or x is no image or too small a one.
        TypeError: an argument is no whole number.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.CenterCrop(1, 2)(np.arange(12.0).reshape(1, 3, 4, 1)).ravel()
    array([5., 6.], dtype=float32)
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **options: Any
    ) -> None:
        check_data_format("CenterCrop", data_format)
        super().__init__(**options)
        self.height = positive("CenterCrop", "height", height)
        self.width = positive("CenterCrop", "width", width)

    def build(self, input_shape: Any) -> None:
        image_channels(input_shape)

    def call(self, x: Tensor) -> Tensor:
        return _middle(x, _spare("CenterCrop", x, self.height, self.width))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}


class RandomCrop(RandomWindow):
    """A window of each image, at a random place in training; else in the middle.

    Each image of a batch has a place of its own (Keras gives all of them one), and all places have
    the same chance. Outside of training the layer is :class:`CenterCrop`. Images are not resized:
    they must be at least as large as the window. ``ZeroPadding2D(4)``, ``RandomCrop(32, 32)`` and
    ``RandomFlip("horizontal")`` are what CIFAR is trained with.

    Shapes:
        x (N, H, W, C), y (N, height, width, C), in pixels

    Args:
        height: At least 1 and at most H.
        width: At least 1 and at most W.
        seed: As in RandomFlip.
        data_format: Only "channels_last", which is also what None means.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or x is no image or too small a one.
        TypeError: an argument is no whole number.

    Source: He et al., CVPR 2016, section 4.2.

    >>> import numpy as np
    >>> from brasa import layers
    >>> crop = layers.RandomCrop(1, 2, seed=1)
    >>> x = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    >>> crop(x).ravel(), crop(x, training=True).shape
    (array([5., 6.], dtype=float32), (1, 1, 2, 1))
    """

    def __init__(self, height: int, width: int, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.height = positive("RandomCrop", "height", height)
        self.width = positive("RandomCrop", "width", width)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        rows, columns = spare = _spare("RandomCrop", x, self.height, self.width)
        if not training or spare == (0, 0):
            return _middle(x, spare)
        return self._window(x, (self.height, self.width), top=[0, rows], left=[0, columns])

    def get_config(self) -> dict[str, Any]:
        size = {"height": self.height, "width": self.width}
        return {**super().get_config(), **size, "seed": self.seed}


def _spare(owner: str, x: Tensor, height: int, width: int) -> tuple[int, int]:
    """The rows and columns that do not fit into the window."""
    have = int(x.shape[1]), int(x.shape[2])
    if have[0] < height or have[1] < width:
        raise ValueError(
            f"{owner}: images must be at least ({height}, {width}), the size of the window, got "
            f"{have}. They are not resized: pad them first, as with ZeroPadding2D"
        )
    return have[0] - height, have[1] - width


def _middle(x: Tensor, spare: tuple[int, int]) -> Tensor:
    for axis, rows in enumerate(spare, 1):
        if rows:
            x = ops.slice(x, axis, rows // 2, int(x.shape[axis]) - rows)
    return x
