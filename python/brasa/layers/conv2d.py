"""The two-dimensional convolution layer."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.convolution import Convolution
from brasa.ops.dispatch import Tensor


class Conv2D(Convolution):
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
        **options: kernel_constraint, bias_constraint (see :mod:`brasa.constraints`), name,
            trainable, input_shape, activity_regularizer.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Conv2D(16, 5, padding="same")(np.zeros((1, 28, 28, 1), np.float32)).shape
    (1, 28, 28, 16)
    """

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
        self._take_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._take_filters(filters, groups)
        self._take_weights(
            activation,
            use_bias,
            kernel=(kernel_initializer, kernel_regularizer),
            bias=(bias_initializer, bias_regularizer),
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
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}
