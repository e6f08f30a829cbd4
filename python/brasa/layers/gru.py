"""Gated recurrent units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import ops
from brasa.graph.symbol import Symbol
from brasa.layers.activations import RECURRENT, activation_name
from brasa.layers.arguments import flag
from brasa.layers.over_time import Steps
from brasa.layers.recurrent import Recurrent, blocks, saves
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class GRU(Recurrent):
    """Gated recurrent units: ``h = z * h + (1 - z) * g`` at every step.

    ``z`` and ``r`` are ``sigmoid(x[:, t] @ kernel + h @ recurrent_kernel + bias)``, ``g`` is tanh
    of the same with the state's part times r: the product with ``reset_after``, else the state.

    Shapes:
        x (N, T, D), or a list of it and a state (N, units); kernel (D, 3 units), recurrent_kernel
        (units, 3 units), gates in the order z, r, g; bias (2, 3 units) with reset_after, else
        (3 units,); y (N, units), or (N, T, units) with return_sequences

    Args:
        units: Size of the state, at least 1.
        activation: Name of that of g, default "tanh"; recurrent_activation of z and r, "sigmoid".
            With others the steps are calls of their own, which is slow.
        recurrent_activation: See above.
        reset_after: Apply r to the product, as cuDNN and PyTorch do. Default True.
        **options: As for LSTM.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    Source: Cho et al., EMNLP 2014; Keras's names and order.

    >>> import numpy as np
    >>> from brasa import layers
    >>> layers.GRU(16)(np.zeros((2, 7, 3), np.float32)).shape
    (2, 16)
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        *,
        reset_after: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(units, **options)
        self.activation = activation_name("GRU", "activation", activation)
        self.recurrent_activation = activation_name(
            "GRU", "recurrent_activation", recurrent_activation
        )
        self.has_op = (self.activation, self.recurrent_activation) == ("tanh", "sigmoid")
        self.reset_after = flag("GRU", "reset_after", reset_after)

    def bias_shape(self) -> tuple[int, ...]:
        columns = super().bias_shape()
        return (2, *columns) if self.reset_after else columns

    def steps(self, x: Tensor, first: Sequence[Tensor], mask: Any, backwards: bool) -> Steps:
        y, h, _ = ops.gru(
            x,
            self.kernel,
            self.recurrent_kernel,
            self.bias,
            first[0] if first else None,
            reset_after=self.reset_after,
            mask=mask,
            go_backwards=backwards,
            training=saves(x),
        )
        return y, [h]

    def thinned_step(self, x: Tensor, states: list[Tensor], kept: Tensor) -> list[Tensor]:
        # The op reads h twice, and z * h must keep all of it: scaled by 1 / (1 - rate) at every
        # step, the state would grow without end. So z times what is missing comes on top.
        (h,) = states
        thinned = h if kept is None else ops.multiply(h, kept)
        if not self.has_op:
            return [self._step(x, h, thinned)]
        _, (fresh,) = self.steps(x, [thinned], None, False)
        missing = ops.add(h, ops.scale(thinned, -1.0))
        return [ops.add(fresh, ops.multiply(self._update_gate(x, thinned), missing))]

    def _products(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """What the only step of x and the state give to z, r and g, with their biases."""
        rows: list[Tensor] = [None, None]
        if self.bias is not None:
            bias = ops.reshape(_tensor(self.bias, x), (-1, 3 * self.units))
            for i in range(bias.shape[0]):
                rows[i] = ops.reshape(ops.slice(bias, 0, i, 1), (3 * self.units,))
        of_x = ops.dense(ops.reshape(x, (x.shape[0], x.shape[2])), self.kernel, rows[0])
        return of_x, ops.dense(h, self.recurrent_kernel, rows[1])

    def _update_gate(self, x: Tensor, h: Tensor) -> Tensor:
        """z of the only step of x."""
        return ops.sigmoid(ops.slice(ops.add(*self._products(x, h)), 1, 0, self.units))

    def _step(self, x: Tensor, h: Tensor, thinned: Tensor) -> Tensor:
        """The state after the only step of x, by ops that know other activations."""
        act, gate = RECURRENT[self.activation], RECURRENT[self.recurrent_activation]
        of_x, of_h = (blocks(part, self.units) for part in self._products(x, thinned))
        z, r = (gate(ops.add(a, b)) for a, b in zip(of_x[:2], of_h[:2], strict=True))
        if self.reset_after:
            of_state = ops.multiply(r, of_h[2])
        else:
            kernel = ops.slice(_tensor(self.recurrent_kernel, x), 1, 2 * self.units, self.units)
            of_state = ops.dense(ops.multiply(r, thinned), kernel)
        g = act(ops.add(of_x[2], of_state))
        return ops.add(ops.multiply(z, h), ops.multiply(ops.scale(z, -1.0, 1.0), g))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "activation": self.activation,
            "recurrent_activation": self.recurrent_activation,
            "reset_after": self.reset_after,
        }


def _tensor(parameter: Parameter, x: Tensor) -> Tensor:
    """A weight as an operand that may stand alone: of the graph of x, where that is a symbol."""
    return x.graph.source(parameter, parameter.shape) if isinstance(x, Symbol) else parameter.value
