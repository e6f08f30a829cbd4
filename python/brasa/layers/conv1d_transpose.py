"""The one-dimensional transposed convolution layer."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.conv2d_transpose import Transposed
from brasa.layers.one_row import as_row, from_row, reshaped
from brasa.ops.dispatch import Tensor


class Conv1DTranspose(Transposed):
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
        kernel_regularizer: What large weights add to the loss: "l1", "l2", "l1_l2", or one of
            :mod:`brasa.regularizers`. Default none.
        bias_regularizer: The same for the bias.
        **options: kernel_constraint, bias_constraint (see :mod:`brasa.constraints`), name,
            trainable, input_shape, activity_regularizer.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.Conv1DTranspose(16, 3, 2, "same")(np.zeros((1, 50, 4), np.float32)).shape
    (1, 100, 16)
    """

    axes = 1

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
