"""The plain recurrent layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.layers.activations import RECURRENT, activation_name
from brasa.layers.over_time import Steps
from brasa.layers.recurrent import Recurrent, saves
from brasa.ops.dispatch import Tensor

_OF_THE_OP = ("tanh", "relu", "sigmoid", "linear")


class SimpleRNN(Recurrent):
    """The plain recurrent layer.

    ``h = activation(x[:, t] @ kernel + h @ recurrent_kernel + bias)``, which is ``y[:, t]``.

    Shapes:
        x (N, T, D), or a list of it and a state (N, units); kernel (D, units), recurrent_kernel
        (units, units), bias (units,); y (N, units), or (N, T, units) with return_sequences

    Args:
        units: Size of the state, at least 1.
        activation: "tanh" (default), "relu", "sigmoid", or "linear", which None is too. With the
            name of another the steps are calls of their own, which is slow.
        **options: As for LSTM.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    Source: Elman, Cognitive Science 14(2), 1990; Keras's names.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.SimpleRNN(16)(np.zeros((2, 7, 3), np.float32)).shape
    (2, 16)
    """

    def __init__(self, units: int, activation: str | None = "tanh", **options: Any) -> None:
        super().__init__(units, **options)
        self.activation = activation_name("SimpleRNN", "activation", activation)
        self.has_op = self.activation in _OF_THE_OP

    def steps(self, x: Tensor, first: Sequence[Tensor], mask: Any, backwards: bool) -> Steps:
        y, h, _ = ops.simple_rnn(
            x,
            self.kernel,
            self.recurrent_kernel,
            self.bias,
            first[0] if first else None,
            activation=self.activation if self.has_op else "tanh",  # for shapes any does
            mask=mask,
            go_backwards=backwards,
            training=saves(x),
        )
        return y, [h]

    def thinned_step(self, x: Tensor, states: list[Tensor], kept: Tensor) -> list[Tensor]:
        if self.has_op:
            return super().thinned_step(x, states, kept)
        h = states[0] if kept is None else ops.multiply(states[0], kept)
        of_x = ops.dense(ops.reshape(x, (x.shape[0], x.shape[2])), self.kernel, self.bias)
        return [RECURRENT[self.activation](ops.add(of_x, ops.dense(h, self.recurrent_kernel)))]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation}
