"""The transposed convolution layer."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import output_padding_below
from brasa.layers.convolution import Convolution
from brasa.ops.dispatch import Tensor


class Transposed(Convolution):
    """What the transposed convolutions share: the kernel's order, and how much longer they end."""

    def _take_output_padding(self, output_padding: Any) -> None:
        own = type(self).__name__
        self.output_padding = output_padding_below(
            own, output_padding, self.strides, self.dilation_rate
        )

    def build(self, input_shape: Any) -> None:
        shape = (*self.kernel_size, self.filters, self._channels(input_shape))
        self.kernel = self._add("kernel", shape)
        self._add_bias(self.filters)

    def get_config(self) -> dict[str, Any]:
        more = None if self.output_padding is None else list(self.output_padding)
        return {**super().get_config(), "filters": self.filters, "output_padding": more}


class Conv2DTranspose(Transposed):
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
        kernel_regularizer: What large weights add to the loss: "l1", "l2", "l1_l2", or one of
            :mod:`brasa.regularizers`. Default none.
        bias_regularizer: The same for the bias.
        **options: kernel_constraint, bias_constraint (see :mod:`brasa.constraints`), name,
            trainable, input_shape, activity_regularizer.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Conv2DTranspose(16, 3, 2, padding="same")(np.zeros((1, 7, 7, 4), np.float32)).shape
    (1, 14, 14, 16)
    """

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
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._take_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._take_filters(filters)
        self._take_output_padding(output_padding)
        self._take_weights(
            activation,
            use_bias,
            kernel=(kernel_initializer, kernel_regularizer),
            bias=(bias_initializer, bias_regularizer),
        )

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
