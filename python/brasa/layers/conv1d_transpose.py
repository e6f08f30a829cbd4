"""The one-dimensional transposed convolution layer."""

from __future__ import annotations

from typing import Any

from brasa import initializers, ops
from brasa.layers.activations import activation_function
from brasa.layers.arguments import (
    check_sequence_format,
    flag,
    one_of,
    output_padding_below,
    positive,
    sequence_channels,
    single,
)
from brasa.layers.base import Layer
from brasa.layers.one_row import as_row, from_row, reshaped
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class Conv1DTranspose(Layer):
    """From short sequences to longer ones: ``y = activation(conv1d_transpose(x, kernel) + bias)``.

    Shapes:
        x (N, T, C), kernel (R, filters, C), bias (filters,), y (N, P, filters)

    ``P`` is ``(T - 1) * stride + max(E, stride)`` for "valid" and ``T * stride`` for "same", where
    ``E = (R - 1) * dilation + 1``; :func:`brasa.ops.conv2d_transpose` says the rest.

    Args:
        filters: Number of output channels, at least 1.
        kernel_size: Length of the filters.
        strides: Distance between the windows of neighbouring steps. Default 1.
        padding: "valid" or "same". Default "valid".
        output_padding: Steps more at the end, below the stride. Default None: what the rule above
            leaves.
        data_format: Only "channels_last", which is also what None means.
        dilation_rate: Distance between the taps of a filter; above 1 only at unit stride.
        activation: Name, or function of :mod:`brasa.ops`. Default none.
        use_bias: Add a bias. Default True.
        kernel_initializer: What the kernel starts from. Default "glorot_uniform".
        bias_initializer: What the bias starts from. Default "zeros".
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Conv1DTranspose(16, 3, 2, "same")(np.zeros((1, 50, 4), np.float32)).shape
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
        output_padding: int | tuple[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | tuple[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        own = "Conv1DTranspose"
        check_sequence_format(own, data_format)
        self.filters = positive(own, "filters", filters)
        self.kernel_size = single(own, "kernel_size", kernel_size)
        self.strides = single(own, "strides", strides)
        self.padding = one_of(own, "padding", padding, ("valid", "same"))
        self.dilation_rate = single(own, "dilation_rate", dilation_rate)
        self.output_padding = output_padding_below(
            own, output_padding, self.strides, self.dilation_rate
        )
        self.activation = activation_function(own, activation)
        self.use_bias = flag(own, "use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer, f"{own}: kernel_initializer")
        self.bias_initializer = initializers.get(bias_initializer, f"{own}: bias_initializer")

    def build(self, input_shape: Any) -> None:
        shape = (*self.kernel_size, self.filters, sequence_channels(input_shape))
        self.kernel = self.add_weight("kernel", shape, self.kernel_initializer)
        if self.use_bias:
            self.bias = self.add_weight("bias", (self.filters,), self.bias_initializer)

    def call(self, x: Tensor) -> Tensor:
        more = self.output_padding
        y = ops.conv2d_transpose(
            as_row(x),
            reshaped(self.kernel, x, (1, *self.kernel.shape)),
            self.bias,
            strides=(1, *self.strides),
            padding=self.padding,
            output_padding=None if more is None else (0, *more),
            dilation_rate=(1, *self.dilation_rate),
        )
        return from_row(self.activation(y))

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
