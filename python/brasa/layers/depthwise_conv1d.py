"""Convolutions along time whose filters see one channel each."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import positive
from brasa.layers.convolution import Convolution
from brasa.layers.one_row import as_row, from_row, reshaped
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class Depthwise1D(Convolution):
    """What DepthwiseConv1D and SeparableConv1D share: some filters for each channel."""

    axes = 1

    def _take_multiplier(self, depth_multiplier: int) -> None:
        self.depth_multiplier = positive(type(self).__name__, "depth_multiplier", depth_multiplier)

    def _depthwise_shape(self, input_shape: Any) -> tuple[int, ...]:
        return (*self.kernel_size, self._channels(input_shape), self.depth_multiplier)

    def depthwise(self, x: Tensor, kernel: Parameter, bias: Parameter | None = None) -> Tensor:
        """Channel c meets its filters, which stand beside each other in a row (N, 1, P, C * M)."""
        # (R, C, M) is (1, R, 1, C * M) in memory.
        taps, channels, multiplier = kernel.shape
        return ops.conv2d(
            as_row(x),
            reshaped(kernel, x, (1, taps, 1, channels * multiplier)),
            bias,
            strides=(1, *self.strides),
            padding=self.padding,
            dilation_rate=(1, *self.dilation_rate),
            groups=channels,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


class DepthwiseConv1D(Depthwise1D):
    """Each channel has filters of its own: ``y = activation(depthwise(x, kernel) + bias)``.

    ``y[n,p,c*M + m] = act(b + sum_r x[n, p*stride + r*dilation - before, c] w[r,c,m])``

    Shapes:
        x (N, T, C), kernel (R, C, M), bias (C * M,), y (N, P, C * M)

    Args:
        kernel_size: Length of the filters.
        strides: Steps of the window. Default 1.
        padding: "valid" or "same". Default "valid".
        depth_multiplier: Filters for each channel, M. Default 1.
        data_format: Only "channels_last", which is also what None means.
        dilation_rate: Distance between the taps of a filter. Default 1.
        activation: Name, or function of :mod:`brasa.ops`. Default none.
        use_bias: Add a bias. Default True.
        depthwise_initializer: What the kernel starts from. Default "glorot_uniform".
        bias_initializer: What the bias starts from. Default "zeros".
        depthwise_regularizer: What large weights add to the loss: "l1", "l2", "l1_l2", or one of
            :mod:`brasa.regularizers`. Default none.
        bias_regularizer: The same for the bias.
        **options: depthwise_constraint, bias_constraint (see :mod:`brasa.constraints`), name,
            trainable, input_shape, activity_regularizer.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.DepthwiseConv1D(3, depth_multiplier=2)(np.zeros((1, 8, 4), np.float32)).shape
    (1, 6, 8)
    """

    _constrained = (("depthwise_constraint", "kernel"), ("bias_constraint", "bias"))

    def __init__(
        self,
        kernel_size: int | tuple[int],
        strides: int | tuple[int] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | tuple[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._take_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._take_multiplier(depth_multiplier)
        self._take_weights(
            activation,
            use_bias,
            depthwise=(depthwise_initializer, depthwise_regularizer),
            bias=(bias_initializer, bias_regularizer),
        )

    def build(self, input_shape: Any) -> None:
        shape = self._depthwise_shape(input_shape)
        self.kernel = self._add("kernel", shape, like="depthwise")
        self._add_bias(shape[1] * shape[2])

    def call(self, x: Tensor) -> Tensor:
        return from_row(self.activation(self.depthwise(x, self.kernel, self.bias)))
