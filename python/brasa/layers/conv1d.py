"""The one-dimensional convolution layer."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.convolution import Convolution
from brasa.layers.one_row import as_row, from_row, reshaped
from brasa.ops.dispatch import Tensor


class Conv1D(Convolution):
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
        kernel_regularizer: What large weights add to the loss: "l1", "l2", "l1_l2", or one of
            :mod:`brasa.regularizers`. Default none.
        bias_regularizer: The same for the bias.
        **options: kernel_constraint, bias_constraint (see :mod:`brasa.constraints`), name,
            trainable, input_shape, activity_regularizer.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    Source: causal and dilated: van den Oord et al., WaveNet, 2016.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Conv1D(16, 5, padding="causal")(np.zeros((1, 100, 4), np.float32)).shape
    (1, 100, 16)
    """

    axes = 1
    paddings = ("valid", "same", "causal")

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
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}
