"""The two-dimensional convolution layer."""

from __future__ import annotations

from typing import Any

from brasa import initializers, ops, regularizers
from brasa.layers.activations import activation_function
from brasa.layers.arguments import (
    check_data_format,
    flag,
    image_channels,
    positive,
    positive_pair,
)
from brasa.layers.base import Layer
from brasa.ops.arguments import padding_of
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class Conv2D(Layer):
    """Convolution of images with filters: ``y = activation(conv2d(x, kernel) + bias)``.

    Shapes:
        x (N, H, W, C), kernel (R, S, C / groups, filters), bias (filters,), y (N, P, Q, filters)

    Args:
        filters: Number of output channels, at least 1.
        kernel_size: Height and width of the filters, or one number for both.
        strides: Steps of the window. Default (1, 1).
        padding: "valid", "same", or what :func:`brasa.ops.conv2d` takes. Default "valid".
        data_format: Only "channels_last", which is also what None means.
        dilation_rate: Distance between the taps of a filter. Default (1, 1).
        groups: Each group of input channels has filters of its own. Default 1.
        activation: Name, or function of :mod:`brasa.ops`. Default none.
        use_bias: Add a bias. Default True.
        kernel_initializer: What the kernel starts from. Default "glorot_uniform".
        bias_initializer: What the bias starts from. Default "zeros".
        kernel_regularizer: What large weights add to the loss: "l1", "l2", "l1_l2", or one of
            :mod:`brasa.regularizers`. Default none.
        bias_regularizer: The same for the bias.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Conv2D(16, 5, padding="same")(np.zeros((1, 28, 28, 1), np.float32)).shape
    (1, 28, 28, 16)
    """

    kernel: Parameter
    bias: Parameter | None = None

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, int] = (1, 1),
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_data_format("Conv2D", data_format)
        padding_of("Conv2D", padding)
        self.filters = positive("Conv2D", "filters", filters)
        self.kernel_size = positive_pair("Conv2D", "kernel_size", kernel_size)
        self.strides = positive_pair("Conv2D", "strides", strides)
        self.padding = padding
        self.dilation_rate = positive_pair("Conv2D", "dilation_rate", dilation_rate)
        self.groups = positive("Conv2D", "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"Conv2D: filters must be a multiple of groups, got {filters} and {groups}"
            )
        self.activation = activation_function("Conv2D", activation)
        self.use_bias = flag("Conv2D", "use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer, "Conv2D: kernel_initializer")
        self.bias_initializer = initializers.get(bias_initializer, "Conv2D: bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer, "Conv2D: kernel_regularizer")
        self.bias_regularizer = regularizers.get(bias_regularizer, "Conv2D: bias_regularizer")

    def build(self, input_shape: Any) -> None:
        channels = image_channels(input_shape)
        if channels % self.groups:
            raise ValueError(f"{self.groups} groups do not divide the input's {channels} channels")
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.add_weight(
            "kernel", shape, self.kernel_initializer, self.kernel_regularizer
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", (self.filters,), self.bias_initializer, self.bias_regularizer
            )

    def call(self, x: Tensor) -> Tensor:
        y = ops.conv2d(
            x,
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            groups=self.groups,
        )
        return self.activation(y)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
            "dilation_rate": list(self.dilation_rate),
            "groups": self.groups,
            "activation": self.activation.__name__,
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
        }
