"""What the convolution layers share: the window."""

from __future__ import annotations

from typing import Any, ClassVar

from brasa.layers.affine import Affine
from brasa.layers.arguments import (
    check_data_format,
    check_sequence_format,
    image_channels,
    lowered,
    one_of,
    positive,
    positive_pair,
    sequence_channels,
    single,
)
from brasa.ops.arguments import padding_of
from brasa.parameter import Parameter


class Convolution(Affine):
    """A window that moves over images or, with one axis, over sequences."""

    axes: ClassVar[int] = 2
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    """Those of sequences; images take numbers, too."""

    kernel: Parameter
    groups = 1

    def _take_window(
        self, kernel_size: Any, strides: Any, padding: Any, data_format: Any, dilation_rate: Any
    ) -> None:
        own, padding = type(self).__name__, lowered(padding)
        if self.axes == 1:
            check_sequence_format(own, data_format)
            one_of(own, "padding", padding, self.paddings)
        else:
            check_data_format(own, data_format)
            padding_of(own, padding)
        self.padding = padding
        sizes: Any = single if self.axes == 1 else positive_pair  # a tuple with an entry for each
        self.kernel_size = sizes(own, "kernel_size", kernel_size)
        self.strides = sizes(own, "strides", strides)
        self.dilation_rate = sizes(own, "dilation_rate", dilation_rate)

    def _take_filters(self, filters: int, groups: int = 1) -> None:
        own = type(self).__name__
        self.filters = positive(own, "filters", filters)
        self.groups = positive(own, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"{own}: filters must be a multiple of groups, got {filters} and {groups}"
            )

    def _channels(self, input_shape: Any) -> int:
        return (sequence_channels if self.axes == 1 else image_channels)(input_shape)

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ValueError(f"{self.groups} groups do not divide the input's {channels} channels")
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self._add("kernel", shape)
        self._add_bias(self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
            "dilation_rate": list(self.dilation_rate),
        }
