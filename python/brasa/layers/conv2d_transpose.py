"""The transposed convolution layer."""

from __future__ import annotations

from typing import Any

from brasa import initializers, ops
from brasa.layers.activations import activation_function
from brasa.layers.arguments import (
    check_data_format,
    flag,
    image_channels,
    output_padding_below,
    positive,
    positive_pair,
)
from brasa.layers.base import Layer
from brasa.ops.arguments import padding_of
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class Conv2DTranspose(Layer):
    """From small images to larger ones: ``y = activation(conv2d_transpose(x, kernel) + bias)``.

    Shapes:
        x (N, H, W, C), kernel (R, S, filters, C), bias (filters,), y (N, P, Q, filters)

    ``P`` is ``(H - 1) * stride + max(E, stride)`` for "valid" and ``H * stride`` for "same", where
    ``E = (R - 1) * dilation + 1``; :func:`brasa.ops.conv2d_transpose` says the rest.

    Args:
        filters: Number of output channels, at least 1.
        kernel_size: Height and width of the filters, or one number for both.
        strides: Distance between the windows of neighbouring pixels. Default (1, 1).
        padding: "valid", "same", or what :func:`brasa.ops.conv2d_transpose` takes. Default "valid".
        output_padding: Pixels more at the bottom and right, below the stride, or one number for
            both. Default None: what the rule above leaves.
        data_format: Only "channels_last", which is also what None means.
        dilation_rate: Distance between the taps of a filter; above 1 only at unit strides.
        activation: Name, or function of :mod:`brasa.ops`. Default none.
        use_bias: Add a bias. Default True.
        kernel_initializer: What the kernel starts from. Default "glorot_uniform".
        bias_initializer: What the bias starts from. Default "zeros".
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Conv2DTranspose(16, 3, 2, padding="same")(np.zeros((1, 7, 7, 4), np.float32)).shape
    (1, 14, 14, 16)
    """

    kernel: Parameter
    bias: Parameter | None = None

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: Any = "valid",
        output_padding: int | tuple[int, int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | tuple[int, int] = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        own = "Conv2DTranspose"
        check_data_format(own, data_format)
        padding_of(own, padding)
        self.filters = positive(own, "filters", filters)
        self.kernel_size = positive_pair(own, "kernel_size", kernel_size)
        self.strides = positive_pair(own, "strides", strides)
        self.padding = padding
        self.dilation_rate = positive_pair(own, "dilation_rate", dilation_rate)
        self.output_padding = output_padding_below(
            own, output_padding, self.strides, self.dilation_rate
        )
        self.activation = activation_function(own, activation)
        self.use_bias = flag(own, "use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer, f"{own}: kernel_initializer")
        self.bias_initializer = initializers.get(bias_initializer, f"{own}: bias_initializer")

    def build(self, input_shape: Any) -> None:
        shape = (*self.kernel_size, self.filters, image_channels(input_shape))
        self.kernel = self.add_weight("kernel", shape, self.kernel_initializer)
        if self.use_bias:
            self.bias = self.add_weight("bias", (self.filters,), self.bias_initializer)

    def call(self, x: Tensor) -> Tensor:
        y = ops.conv2d_transpose(
            x,
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation_rate=self.dilation_rate,
        )
        return self.activation(y)

    def get_config(self) -> dict[str, Any]:
        more = self.output_padding
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
            "output_padding": None if more is None else list(more),
            "dilation_rate": list(self.dilation_rate),
            "activation": self.activation.__name__,
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }
