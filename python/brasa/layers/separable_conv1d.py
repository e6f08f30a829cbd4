"""A convolution along time in two steps: for each channel, then over the channels."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.depthwise_conv1d import Depthwise1D
from brasa.layers.one_row import from_row, reshaped
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class SeparableConv1D(Depthwise1D):
    """A depthwise convolution, then a product: ``y = activation(depthwise(x) @ pointwise + bias)``.

    Shapes:
        x (N, T, C), depthwise_kernel (R, C, M), pointwise_kernel (1, C * M, filters),
        bias (filters,), y (N, P, filters)

    Args:
        filters: Number of output channels, at least 1.
        kernel_size: Length of the filters.
        strides: Steps of the window. Default 1.
        padding: "valid" or "same". Default "valid".
        data_format: Only "channels_last", which is also what None means.
        dilation_rate: Distance between the taps of a filter. Default 1.
        depth_multiplier: Depthwise filters for each channel, M. Default 1.
        activation: Name, or function of :mod:`brasa.ops`. Default none.
        use_bias: Add a bias. Default True.
        depthwise_initializer: What the first kernel starts from. Default "glorot_uniform".
        pointwise_initializer: What the second kernel starts from. Default "glorot_uniform".
        bias_initializer: What the bias starts from. Default "zeros".
        depthwise_regularizer: What large weights add to the loss: "l1", "l2", "l1_l2", or one of
            :mod:`brasa.regularizers`. Default none.
        pointwise_regularizer: The same for the second kernel.
        bias_regularizer: The same for the bias.
        **options: depthwise_constraint, pointwise_constraint, bias_constraint (see
            :mod:`brasa.constraints`), name, trainable, input_shape, activity_regularizer.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.SeparableConv1D(16, 5, padding="same")(np.zeros((1, 100, 4), np.float32)).shape
    (1, 100, 16)
    """

    _constrained = (
        ("depthwise_constraint", "depthwise_kernel"),
        ("pointwise_constraint", "pointwise_kernel"),
        ("bias_constraint", "bias"),
    )

    depthwise_kernel: Parameter
    pointwise_kernel: Parameter

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int],
        strides: int | tuple[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int] = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._take_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._take_filters(filters)
        self._take_multiplier(depth_multiplier)
        self._take_weights(
            activation,
            use_bias,
            depthwise=(depthwise_initializer, depthwise_regularizer),
            pointwise=(pointwise_initializer, pointwise_regularizer),
            bias=(bias_initializer, bias_regularizer),
        )

    def build(self, input_shape: Any) -> None:
        shape = self._depthwise_shape(input_shape)
        self.depthwise_kernel = self._add("depthwise_kernel", shape, like="depthwise")
        self.pointwise_kernel = self._add(
            "pointwise_kernel", (1, shape[1] * shape[2], self.filters), like="pointwise"
        )
        self._add_bias(self.filters)

    def call(self, x: Tensor) -> Tensor:
        y = self.depthwise(x, self.depthwise_kernel)
        pointwise = reshaped(self.pointwise_kernel, x, (1, *self.pointwise_kernel.shape))
        return from_row(self.activation(ops.conv2d(y, pointwise, self.bias)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters}
