"""Long short-term memory whose products are convolutions."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.activations import RECURRENT, activation_name
from brasa.layers.arguments import (
    check_data_format,
    flag,
    known,
    lowered,
    one_of,
    positive,
    positive_pair,
)
from brasa.layers.dropout import Dropout, ones_of
from brasa.layers.initial_states import check_states
from brasa.layers.over_time import Steps
from brasa.layers.recurrent import Recurrent
from brasa.layers.unrolled import unrolled
from brasa.ops.dispatch import Tensor

_GATES = 4


class ConvLSTM2D(Recurrent):
    """LSTM for sequences of images: ``c = f * c + i * g``, ``h = o * tanh(c)`` at every step.

    ``i, f, g, o = conv2d(x[:, t], kernel) + bias + conv2d(h, recurrent_kernel)``, then sigmoid of
    i, f, o and tanh of g. The convolution of h has unit stride and padding "same".

    Shapes:
        x (N, T, H, W, C), or a list of it and two states (N, P, Q, filters); kernel
        (R, S, C, 4 filters), recurrent_kernel (R, S, filters, 4 filters), bias (4 filters,), gates
        in the order i, f, g, o; y (N, P, Q, filters), or (N, T, P, Q, filters) with
        return_sequences

    Args:
        filters: Number of channels of the states, at least 1.
        kernel_size: Height and width of the filters, or one number for both.
        strides: Steps of the window over x. Default (1, 1).
        padding: "valid" or "same", for x. Default "valid".
        data_format: Only "channels_last", which is also what None means.
        dilation_rate: Distance between the taps over x. Default (1, 1).
        activation: Name of that of g and c, default "tanh"; recurrent_activation of the gates,
            "sigmoid".
        recurrent_activation: See above.
        use_bias, kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias,
            kernel_regularizer, recurrent_regularizer, bias_regularizer: As for :class:`LSTM`.
        dropout: Share of the inputs that training drops, the same at every step, others for each
            gate. Default 0; likewise recurrent_dropout of the states.
        **options: seed, return_sequences, return_state, go_backwards, stateful, constraints, name,
            trainable, input_shape, activity_regularizer, as for :class:`LSTM`.

    Raises:
        ValueError: an argument is out of range, or an extent of the images is open. TypeError: an
            argument is of another type.

    Source: Shi et al., NeurIPS 2015, arXiv:1506.04214, without the products of c with the gates;
    Keras's names and order.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.ConvLSTM2D(4, 3, padding="same")(np.zeros((2, 5, 8, 8, 1), np.float32)).shape
    (2, 8, 8, 4)
    """

    gates, state_count = _GATES, 2

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, int] = 1,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        **options: Any,
    ) -> None:
        own = "ConvLSTM2D"
        self.filters = positive(own, "filters", filters)
        super().__init__(
            filters,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            **options,
        )
        check_data_format(own, data_format)
        self.kernel_size = positive_pair(own, "kernel_size", kernel_size)
        self.strides = positive_pair(own, "strides", strides)
        self.padding = one_of(own, "padding", lowered(padding), ("valid", "same"))
        self.dilation_rate = positive_pair(own, "dilation_rate", dilation_rate)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{own}: strides and dilation_rate cannot both be above 1, got {self.strides} and "
                f"{self.dilation_rate}"
            )
        self.activation = activation_name(own, "activation", activation)
        self.recurrent_activation = activation_name(
            own, "recurrent_activation", recurrent_activation
        )
        self.unit_forget_bias = flag(own, "unit_forget_bias", unit_forget_bias)

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list):
            input_shape, *states = input_shape
            check_states(self, len(states))
        if len(input_shape) != 5:
            raise ValueError(
                "expected sequences of images of rank 5 (N, T, H, W, C), got rank "
                f"{len(input_shape)}"
            )
        channels = known("the number of channels", input_shape[-1])
        P, Q = (self._extent(axis, extent) for axis, extent in enumerate(input_shape[2:4]))
        self._state_shape = (P, Q, self.filters)
        columns = _GATES * self.filters
        self.kernel = self.add_weight(
            "kernel",
            (*self.kernel_size, channels, columns),
            self.kernel_initializer,
            self.kernel_regularizer,
        )
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel",
            (*self.kernel_size, self.filters, columns),
            self.recurrent_initializer,
            self.recurrent_regularizer,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", (columns,), self.bias_initializer, self.bias_regularizer
            )
            if self.unit_forget_bias:
                start = self.bias.numpy()
                start[self.filters : 2 * self.filters] = 1
                self.bias.assign(start)

    def _extent(self, axis: int, extent: int | None) -> int:
        """Height or width of the states."""
        name = ("height", "width")[axis]
        if extent is None:
            raise ValueError(f"the {name} is open, and the states depend on it: give a number")
        stride = self.strides[axis]
        if self.padding == "same":
            return -(-extent // stride)
        seen = (self.kernel_size[axis] - 1) * self.dilation_rate[axis] + 1
        if extent < seen:
            raise ValueError(f"the filters see a {name} of {seen}, the images have {extent}")
        return (extent - seen) // stride + 1

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return [self._state_shape] * 2

    def sequence(
        self, x: Tensor, first: list[Tensor], mask: Any, training: bool, backwards: bool
    ) -> Steps:
        step = _Step(self)
        if training:
            step.kept_of_x = self._kept(self.input_dropout, x, tuple(x.shape[2:]))
            step.kept_of_h = self._kept(self.recurrent_dropout, x, self._state_shape)
        return unrolled(step, x, first, mask, training, backwards)

    def _kept(self, dropout: Dropout, x: Tensor, shape: tuple[int, ...]) -> Tensor | None:
        """What the dropout leaves of images, side by side for each gate; None for all."""
        if not dropout.rate:
            return None
        shape = (int(x.shape[0]), *shape[:-1], _GATES * shape[-1])
        return dropout(ones_of(x, shape), training=True)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["units"]
        return {
            **config,
            "filters": self.filters,
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
            "dilation_rate": list(self.dilation_rate),
            "activation": self.activation,
            "recurrent_activation": self.recurrent_activation,
            "unit_forget_bias": self.unit_forget_bias,
        }


class _Step:
    """A step of the layer, with what its dropouts leave in this call."""

    def __init__(self, layer: ConvLSTM2D) -> None:
        self.layer = layer
        self.name = layer.name
        self.state_size = layer.state_shapes
        self.kept_of_x: Tensor | None = None
        self.kept_of_h: Tensor | None = None

    def call(self, x: Tensor, states: list[Tensor]) -> Steps:
        layer, (h, c) = self.layer, states
        act, gate = RECURRENT[layer.activation], RECURRENT[layer.recurrent_activation]
        window = {"strides": layer.strides, "padding": layer.padding}
        window["dilation_rate"] = layer.dilation_rate
        of_x = _convolved(x, layer.kernel, layer.bias, self.kept_of_x, **window)
        of_h = _convolved(h, layer.recurrent_kernel, None, self.kept_of_h, padding="same")
        z, F = ops.add(of_x, of_h), layer.filters
        i, f, g, o = (ops.slice(z, 3, at * F, F) for at in range(_GATES))
        c = ops.add(ops.multiply(gate(f), c), ops.multiply(gate(i), act(g)))
        h = ops.multiply(gate(o), act(c))
        return h, [h, c]


def _convolved(x: Tensor, kernel: Any, bias: Any, kept: Tensor | None, **window: Any) -> Tensor:
    """The convolutions for all gates; those of ``kept`` read each what is left for them of x."""
    if kept is None:
        return ops.conv2d(x, kernel, bias, **window)
    x = ops.multiply(ops.concatenate([x] * _GATES, axis=3), kept)
    return ops.conv2d(x, kernel, bias, groups=_GATES, **window)
