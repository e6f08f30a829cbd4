"""A convolution in two steps: over the image for each channel, then over the channels."""

from __future__ import annotations

from typing import Any

from brasa import initializers, ops
from brasa.layers.arguments import image_channels, positive
from brasa.layers.depthwise_conv2d import Depthwise2D
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class SeparableConv2D(Depthwise2D):
    """A depthwise convolution, then a product: ``y = activation(depthwise(x) @ pointwise + bias)``.

    Shapes:
        x (N, H, W, C), depthwise_kernel (R, S, C, M), pointwise_kernel (1, 1, C * M, filters),
        bias (filters,), y (N, P, Q, filters)

    Args:
        filters: Number of output channels, at least 1.
        kernel_size: Height and width of the filters, or one number for both.
        strides: Steps of the window. Default (1, 1).
        padding: "valid", "same", or what :func:`brasa.ops.conv2d` takes. Default "valid".
        data_format: Only "channels_last", which is also what None means.
        dilation_rate: Distance between the taps of a filter. Default (1, 1).
        depth_multiplier: Depthwise filters for each channel, M. Default 1.
        activation: Name, or function of :mod:`brasa.ops`. Default none.
        use_bias: Add a bias. Default True.
        depthwise_initializer: What the first kernel starts from. Default "glorot_uniform".
        pointwise_initializer: What the second kernel starts from. Default "glorot_uniform".
        bias_initializer: What the bias starts from. Default "zeros".
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    Source: Chollet, Xception, CVPR 2017.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.SeparableConv2D(16, 3)(np.zeros((1, 8, 8, 4), np.float32)).shape
    (1, 6, 6, 16)
    """

    depthwise_kernel: Parameter
    pointwise_kernel: Parameter

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, int] = (1, 1),
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            depth_multiplier,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            depthwise_initializer,
            bias_initializer,
            **options,
        )
        self.filters = positive("SeparableConv2D", "filters", filters)
        self.pointwise_initializer = initializers.get(
            pointwise_initializer, "SeparableConv2D: pointwise_initializer"
        )

    def build(self, input_shape: Any) -> None:
        shape = (*self.kernel_size, image_channels(input_shape), self.depth_multiplier)
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel", shape, self.depthwise_initializer
        )
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel",
            (1, 1, shape[2] * shape[3], self.filters),
            self.pointwise_initializer,
        )
        if self.use_bias:
            self.bias = self.add_weight("bias", (self.filters,), self.bias_initializer)

    def call(self, x: Tensor) -> Tensor:
        y = self.depthwise(x, self.depthwise_kernel, None)
        return self.activation(ops.conv2d(y, self.pointwise_kernel, self.bias))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "pointwise_initializer": initializers.serialize(self.pointwise_initializer),
        }
