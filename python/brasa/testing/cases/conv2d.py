"""Convolutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from brasa.testing.reference.arrays import Padding, Pair, pair
from brasa.testing.reference.window2d import windows

from .values import FLOAT_BYTES, Array, compact, random


@dataclass(frozen=True)
class Conv2dCase:
    N: int
    H: int
    W: int
    C: int
    K: int
    size: Pair = 3
    strides: Pair = 1
    padding: Padding = "valid"
    dilation_rate: Pair = 1
    groups: int = 1
    activation: str | None = None
    bias: bool = True

    def __str__(self) -> str:
        text = f"n{self.N}_{self.H}x{self.W}_c{self.C}_k{self.K}_f{compact(self.size)}"
        text += f"_s{compact(self.strides)}_p{compact(self.padding)}"
        if self.dilation_rate != 1:
            text += f"_d{compact(self.dilation_rate)}"
        if self.groups != 1:
            text += f"_g{self.groups}"
        return text + (f"_{self.activation}" if self.activation else "")

    @property
    def window(self) -> dict[str, Any]:
        """The keyword arguments of ``conv2d_backward``."""
        return {
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
        }

    @property
    def x_shape(self) -> tuple[int, int, int, int]:
        return (self.N, self.H, self.W, self.C)

    @property
    def w_shape(self) -> tuple[int, int, int, int]:
        return (*pair(self.size), self.C // self.groups, self.K)

    @property
    def y_shape(self) -> tuple[int, int, int, int]:
        rows, columns = windows(
            (self.H, self.W), self.size, self.strides, self.padding, self.dilation_rate
        )
        return (self.N, rows.outputs, columns.outputs, self.K)

    @property
    def length(self) -> int:
        """Products in one output."""
        return int(np.prod(self.w_shape[:3]))

    @property
    def flops(self) -> int:
        """Of one pass: forward, data gradient and weight gradient do the same."""
        return 2 * int(np.prod(self.y_shape)) * self.length

    @property
    def bytes(self) -> int:
        """Each operand of one pass moved once."""
        shapes = (self.x_shape, self.w_shape, self.y_shape)
        return FLOAT_BYTES * sum(int(np.prod(shape)) for shape in shapes)

    @property
    def may_use_winograd(self) -> bool:
        """Where a kernel may transform tiles: 3x3 at unit stride."""
        return pair(self.strides) == (1, 1) and pair(self.size) == (3, 3)

    def inputs(self) -> tuple[Array, Array, Array | None]:
        b = random((self.K,), self, "b") if self.bias else None
        return random(self.x_shape, self, "x"), random(self.w_shape, self, "w"), b

    def dy(self) -> Array:
        return random(self.y_shape, self, "dy")


CONV2D = (
    # The layers of LeNet, around a block of 16 images.
    Conv2dCase(1, 32, 32, 1, 6, 5),
    Conv2dCase(17, 14, 14, 6, 16, 5, activation="relu"),
    Conv2dCase(16, 28, 28, 1, 6, 5, padding="same", activation="relu"),
    Conv2dCase(15, 7, 9, 3, 5),
    Conv2dCase(33, 6, 5, 2, 3, 2, padding="same"),
    Conv2dCase(2, 43, 37, 1, 6, 5, padding="same"),
    Conv2dCase(1, 19, 17, 3, 10, 5, strides=2, padding="same", activation="sigmoid"),
    Conv2dCase(1, 15, 13, 6, 16, dilation_rate=2, padding="same", activation="leaky_relu"),
    # Channels and filters around vectors and tiles; 3x3 at stride 1.
    Conv2dCase(2, 9, 7, 7, 8, padding="same"),
    Conv2dCase(1, 8, 8, 8, 9, padding=1),
    Conv2dCase(3, 5, 6, 15, 17, padding="same"),
    Conv2dCase(1, 12, 11, 16, 16, padding="same", activation="sigmoid"),
    Conv2dCase(2, 6, 6, 17, 31, padding=1),
    Conv2dCase(1, 9, 10, 32, 32, padding="same"),
    Conv2dCase(2, 13, 13, 33, 35, padding="same"),
    Conv2dCase(1, 8, 7, 64, 65, padding="same", activation="leaky_relu"),
    Conv2dCase(2, 14, 14, 48, 64),
    Conv2dCase(1, 5, 5, 257, 33, padding=1, bias=False),
    # One channel to few filters: rows of more and less than one and two vectors, all paddings.
    Conv2dCase(3, 9, 12, 1, 8, 1, activation="tanh"),
    Conv2dCase(2, 7, 40, 1, 7, (3, 7), padding=((0, 2), (9, 1)), activation="relu"),
    Conv2dCase(9, 13, 17, 1, 5, 4, padding="same"),
    Conv2dCase(1, 150, 49, 1, 2, 6, bias=False),
    # 1x1 is a matrix product, until it strides.
    Conv2dCase(2, 7, 5, 16, 33, 1),
    Conv2dCase(1, 1, 1, 64, 10, 1),
    Conv2dCase(2, 9, 8, 33, 18, 1, strides=2),
    Conv2dCase(1, 5, 5, 8, 16, 1, padding=1),
    # Strides, over and under the size of the filter, and rows that no window reads.
    Conv2dCase(2, 15, 14, 16, 24, strides=2, padding="same"),
    Conv2dCase(1, 23, 23, 3, 16, 7, strides=2, padding=3, activation="relu"),
    Conv2dCase(2, 19, 19, 3, 12, 11, strides=4),
    Conv2dCase(1, 10, 13, 5, 7, 2, strides=3),
    Conv2dCase(2, 8, 11, 17, 9, strides=(1, 2), padding="same"),
    Conv2dCase(1, 11, 8, 20, 16, strides=(3, 1), padding=(0, 2)),
    Conv2dCase(1, 8, 8, 4, 4, 2, strides=2, padding="same"),
    # Padding: of one side, of even filters, and wider than the filter.
    Conv2dCase(1, 6, 7, 4, 6, padding=((1, 2), (0, 3))),
    Conv2dCase(2, 5, 9, 18, 16, padding=((0, 1), (2, 0)), strides=2),
    Conv2dCase(1, 5, 4, 3, 5, (4, 2), padding="same"),
    Conv2dCase(1, 3, 4, 16, 17, padding=4),
    Conv2dCase(1, 4, 3, 2, 3, 2, padding=((3, 0), (0, 4)), strides=2),
    # Dilation.
    Conv2dCase(1, 11, 12, 6, 8, dilation_rate=2),
    Conv2dCase(2, 9, 9, 16, 32, dilation_rate=2, padding="same", activation="tanh"),
    Conv2dCase(1, 14, 10, 9, 5, (2, 3), dilation_rate=(3, 2), strides=(2, 1), padding=2),
    # Groups, down to one channel each.
    Conv2dCase(2, 8, 8, 4, 6, groups=2, padding="same"),
    Conv2dCase(1, 7, 7, 48, 64, 5, groups=2, padding=2, activation="relu"),
    Conv2dCase(1, 9, 8, 9, 15, groups=3, strides=2, padding="same", dilation_rate=1),
    Conv2dCase(2, 8, 7, 17, 17, groups=17, padding="same"),
    Conv2dCase(1, 9, 9, 16, 32, groups=16, strides=2, padding=1),
    Conv2dCase(1, 8, 8, 32, 32, 1, groups=4),
    # Long and thin filters; a filter as large as the image; one pixel; no image.
    Conv2dCase(2, 6, 12, 5, 16, (1, 7), padding="same"),
    Conv2dCase(1, 12, 6, 16, 3, (7, 1)),
    Conv2dCase(3, 5, 5, 16, 24, 5),
    Conv2dCase(18, 1, 1, 1, 1, 1),
    Conv2dCase(1, 1, 19, 1, 2, (1, 4), strides=(1, 2)),
    Conv2dCase(0, 6, 6, 3, 4, activation="relu"),
)  # fmt: skip

# N = 32 unless the network says otherwise; rC_H is 3x3 C -> C at HxH, pwC_H_K is 1x1 C -> K.
CONV2D_LAYERS = {
    "lenet1": Conv2dCase(128, 32, 32, 1, 6, 5),
    "lenet2": Conv2dCase(128, 14, 14, 6, 16, 5),
    "alexnet1": Conv2dCase(32, 227, 227, 3, 96, 11, strides=4),
    "r64_56": Conv2dCase(32, 56, 56, 64, 64, padding=1),
    "r128_28": Conv2dCase(32, 28, 28, 128, 128, padding=1),
    "r256_14": Conv2dCase(32, 14, 14, 256, 256, padding=1),
    "r512_7": Conv2dCase(32, 7, 7, 512, 512, padding=1),
    "vgg64_224": Conv2dCase(16, 224, 224, 64, 64, padding=1),
    "pw256_56_64": Conv2dCase(32, 56, 56, 256, 64, 1),
    "pw1024_14_256": Conv2dCase(32, 14, 14, 1024, 256, 1),
    "stem7": Conv2dCase(32, 224, 224, 3, 64, 7, strides=2, padding=3),
}
