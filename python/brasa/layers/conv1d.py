"""The one-dimensional convolution layer."""

from __future__ import annotations

from typing import Any

from brasa import initializers, ops
from brasa.layers.activations import activation_function
from brasa.layers.arguments import (
    check_sequence_format,
    flag,
    one_of,
    positive,
    sequence_channels,
    single,
)
from brasa.layers.base import Layer
from brasa.layers.one_row import as_row, from_row, reshaped
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class Conv1D(Layer):
    """Convolution along time: ``y = activation(conv(x, kernel) + bias)``.

    ``y[n,t,k] = act(b[k] + sum_rc x[n, t*stride + r*dilation - before, c] w[r,c,k])``

    Shapes:
        x (N, T, C), kernel (R, C / groups, filters), bias (filters,), y (N, P, filters)

    Args:
        filters: Number of output channels, at least 1.
        kernel_size: Length of the filters.
        strides: Steps of the window. Default 1.
        padding: "valid", "same", or "causal": zeros in front alone, so that y at a step sees no
            later one. Default "valid".
        data_format: Only "channels_last", which is also what None means.
        dilation_rate: Distance between the taps of a filter. Default 1.
        groups: Each group of input channels has filters of its own. Default 1.
        activation: Name, or function of :mod:`brasa.ops`. Default none.
        use_bias: Add a bias. Default True.
        kernel_initializer: What the kernel starts from. Default "glorot_uniform".
        bias_initializer: What the bias starts from. Default "zeros".
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    Source: causal and dilated: van den Oord et al., WaveNet, 2016.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Conv1D(16, 5, padding="causal")(np.zeros((1, 100, 4), np.float32)).shape
    (1, 100, 16)
    """

    kernel: Parameter
    bias: Parameter | None = None

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int],
        strides: int | tuple[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int] = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_sequence_format("Conv1D", data_format)
        self.filters = positive("Conv1D", "filters", filters)
        self.kernel_size = single("Conv1D", "kernel_size", kernel_size)
        self.strides = single("Conv1D", "strides", strides)
        self.padding = one_of("Conv1D", "padding", padding, ("valid", "same", "causal"))
        self.dilation_rate = single("Conv1D", "dilation_rate", dilation_rate)
        self.groups = positive("Conv1D", "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"Conv1D: filters must be a multiple of groups, got {filters} and {groups}"
            )
        self.activation = activation_function("Conv1D", activation)
        self.use_bias = flag("Conv1D", "use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer, "Conv1D: kernel_initializer")
        self.bias_initializer = initializers.get(bias_initializer, "Conv1D: bias_initializer")

    def build(self, input_shape: Any) -> None:
        channels = sequence_channels(input_shape)
        if channels % self.groups:
            raise ValueError(f"{self.groups} groups do not divide the input's {channels} channels")
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.add_weight("kernel", shape, self.kernel_initializer)
        if self.use_bias:
            self.bias = self.add_weight("bias", (self.filters,), self.bias_initializer)

    def call(self, x: Tensor) -> Tensor:
        padding: Any = self.padding
        if padding == "causal":
            padding = ((0, 0), ((self.kernel_size[0] - 1) * self.dilation_rate[0], 0))
        y = ops.conv2d(
            as_row(x),
            reshaped(self.kernel, x, (1, *self.kernel.shape)),
            self.bias,
            strides=(1, *self.strides),
            padding=padding,
            dilation_rate=(1, *self.dilation_rate),
            groups=self.groups,
        )
        return from_row(self.activation(y))

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
        }
