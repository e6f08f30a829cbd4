"""Long short-term memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.layers.activations import RECURRENT, activation_name
from brasa.layers.arguments import flag
from brasa.layers.over_time import Steps
from brasa.layers.recurrent import Recurrent, blocks, saves
from brasa.ops.dispatch import Tensor


class LSTM(Recurrent):
    """Long short-term memory: ``c = f * c + i * g``, ``h = o * tanh(c)`` at every step.

    ``i, f, g, o = x[:, t] @ kernel + h @ recurrent_kernel + bias``, then sigmoid of i, f, o and
    tanh of g.

    Shapes:
        x (N, T, D), or a list of it and two states (N, units); kernel (D, 4 units),
        recurrent_kernel (units, 4 units), bias (4 units,), gates in the order i, f, g, o;
        y (N, units), or (N, T, units) with return_sequences

    Args:
        units: Size of the states, at least 1.
        activation: Name of that of g and c, default "tanh"; recurrent_activation of the gates,
            "sigmoid". With others the steps are calls of their own, which is slow.
        recurrent_activation: See above.
        unit_forget_bias: Start the bias of f at 1, so that cells keep what they hold. Default True.
        use_bias: Add a bias. Default True.
        kernel_initializer: Default "glorot_uniform"; recurrent_initializer "orthogonal",
            bias_initializer "zeros".
        recurrent_initializer: See above.
        bias_initializer: See above.
        kernel_regularizer: What large weights add to the loss: see Dense. Default none; likewise
            recurrent_regularizer and bias_regularizer.
        dropout: Share of the inputs that training drops, the same at every step. Default 0.
        recurrent_dropout: Share of the states likewise; the steps are then calls of their own,
            which is slow. Default 0.
        return_sequences: Return the output of every step. Default False: of the last one.
        return_state: Return ``[y, h, c]``. Default False.
        go_backwards: Read the sequence from its end; the sequence returned is in that order.
        stateful: Begin each batch where the one before ended, until ``reset_states()``; batches of
            predictions and of validation move the states, too, as in Keras.
        **options: seed of the dropouts; kernel_constraint, recurrent_constraint, bias_constraint
            (see :mod:`brasa.constraints`); name, trainable, input_shape, activity_regularizer.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    Source: Hochreiter and Schmidhuber, Neural Computation 9(8), 1997; Keras's names and order.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.LSTM(16, return_sequences=True)(np.zeros((2, 7, 3), np.float32)).shape
    (2, 7, 16)
    """

    gates, state_count = 4, 2

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(
            units,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            **options,
        )
        self.activation = activation_name("LSTM", "activation", activation)
        self.recurrent_activation = activation_name(
            "LSTM", "recurrent_activation", recurrent_activation
        )
        self.has_op = (self.activation, self.recurrent_activation) == ("tanh", "sigmoid")
        self.unit_forget_bias = flag("LSTM", "unit_forget_bias", unit_forget_bias)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if self.bias is not None and self.unit_forget_bias:
            start = self.bias.numpy()
            start[self.units : 2 * self.units] = 1
            self.bias.assign(start)

    def steps(self, x: Tensor, first: Sequence[Tensor], mask: Any, backwards: bool) -> Steps:
        y, h, c, _ = ops.lstm(
            x,
            self.kernel,
            self.recurrent_kernel,
            self.bias,
            *first,
            mask=mask,
            go_backwards=backwards,
            training=saves(x),
        )
        return y, [h, c]

    def thinned_step(self, x: Tensor, states: list[Tensor], kept: Tensor) -> list[Tensor]:
        if self.has_op:
            return super().thinned_step(x, states, kept)
        h, c = states
        act, gate = RECURRENT[self.activation], RECURRENT[self.recurrent_activation]
        of_x = ops.dense(ops.reshape(x, (x.shape[0], x.shape[2])), self.kernel, self.bias)
        of_h = ops.dense(h if kept is None else ops.multiply(h, kept), self.recurrent_kernel)
        i, f, g, o = blocks(ops.add(of_x, of_h), self.units)
        c = ops.add(ops.multiply(gate(f), c), ops.multiply(gate(i), act(g)))
        return [ops.multiply(gate(o), act(c)), c]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "activation": self.activation,
            "recurrent_activation": self.recurrent_activation,
            "unit_forget_bias": self.unit_forget_bias,
        }
