"""Convolutions whose filters see one channel each."""

from __future__ import annotations

from typing import Any

from brasa import initializers, ops
from brasa.layers.activations import activation_function
from brasa.layers.arguments import (
    check_data_format,
    flag,
    image_channels,
    positive,
    positive_pair,
)
from brasa.layers.base import Layer
from brasa.layers.one_row import reshaped
from brasa.ops.arguments import padding_of
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class Depthwise2D(Layer):
    """What DepthwiseConv2D and SeparableConv2D share: some filters for each channel."""

    bias: Parameter | None = None

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: Any = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | tuple[int, int] = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        own = type(self).__name__
        check_data_format(own, data_format)
        padding_of(own, padding)
        self.kernel_size = positive_pair(own, "kernel_size", kernel_size)
        self.strides = positive_pair(own, "strides", strides)
        self.padding = padding
        self.depth_multiplier = positive(own, "depth_multiplier", depth_multiplier)
        self.dilation_rate = positive_pair(own, "dilation_rate", dilation_rate)
        self.activation = activation_function(own, activation)
        self.use_bias = flag(own, "use_bias", use_bias)
        self.depthwise_initializer = initializers.get(
            depthwise_initializer, f"{own}: depthwise_initializer"
        )
        self.bias_initializer = initializers.get(bias_initializer, f"{own}: bias_initializer")

    def depthwise(self, x: Tensor, kernel: Parameter, bias: Parameter | None) -> Tensor:
        """Channel c meets its filters, which stand beside each other in the result."""
        # (R, S, C, M) is (R, S, 1, C * M) in memory.
        channels, multiplier = kernel.shape[2:]
        return ops.conv2d(
            x,
            reshaped(kernel, x, (*self.kernel_size, 1, channels * multiplier)),
            bias,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            groups=channels,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
            "depth_multiplier": self.depth_multiplier,
            "dilation_rate": list(self.dilation_rate),
            "activation": self.activation.__name__,
            "use_bias": self.use_bias,
            "depthwise_initializer": initializers.serialize(self.depthwise_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }


class DepthwiseConv2D(Depthwise2D):
    """Each channel has filters of its own: ``y = activation(depthwise(x, kernel) + bias)``.

    ``y[n,p,q,c*M + m] = act(b + sum_rs x[n, p*sh + r - top, q*sw + s - left, c] w[r,s,c,m])``

    Shapes:
        x (N, H, W, C), kernel (R, S, C, M), bias (C * M,), y (N, P, Q, C * M)

    Args:
        kernel_size: Height and width of the filters, or one number for both.
        strides: Steps of the window. Default (1, 1).
        padding: "valid", "same", or what :func:`brasa.ops.conv2d` takes. Default "valid".
        depth_multiplier: Filters for each channel, M. Default 1.
        data_format: Only "channels_last", which is also what None means.
        dilation_rate: Distance between the taps of a filter. Default (1, 1).
        activation: Name, or function of :mod:`brasa.ops`. Default none.
        use_bias: Add a bias. Default True.
        depthwise_initializer: What the kernel starts from. Default "glorot_uniform".
        bias_initializer: What the bias starts from. Default "zeros".
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.DepthwiseConv2D(3, depth_multiplier=2)(np.zeros((1, 8, 8, 4), np.float32)).shape
    (1, 6, 6, 8)
    """

    kernel: Parameter

    def build(self, input_shape: Any) -> None:
        shape = (*self.kernel_size, image_channels(input_shape), self.depth_multiplier)
        self.kernel = self.add_weight("kernel", shape, self.depthwise_initializer)
        if self.use_bias:
            self.bias = self.add_weight("bias", (shape[2] * shape[3],), self.bias_initializer)

    def call(self, x: Tensor) -> Tensor:
        return self.activation(self.depthwise(x, self.kernel, self.bias))
