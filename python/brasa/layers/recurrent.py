"""What the recurrent layers of brasa's own cells share: weights, dropout, one op for all steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import initializers, ops, regularizers
from brasa.graph.symbol import Symbol
from brasa.layers.arguments import flag, known, positive
from brasa.layers.dropout import Dropout
from brasa.layers.initial_states import check_states
from brasa.layers.over_time import OverTime, Steps
from brasa.layers.recurrent_dropout import one_by_one, thinned
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class Recurrent(OverTime):
    """Base of the layers that go through a sequence step by step; one op call does all steps."""

    gates = 1
    """Blocks of ``units`` columns in the weights."""

    has_op = True
    """Whether an op does what the layer does; else each step is ops of its own."""

    state_count = 1
    """How many states go from step to step, each (N, units)."""

    _constrained = (
        ("kernel_constraint", "kernel"),
        ("recurrent_constraint", "recurrent_kernel"),
        ("bias_constraint", "bias"),
    )

    kernel: Parameter
    recurrent_kernel: Parameter
    bias: Parameter | None = None

    def __init__(
        self,
        units: int,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        seed: int | None = None,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        own = type(self).__name__
        self.units = positive(own, "units", units)
        self.use_bias = flag(own, "use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer, f"{own}: kernel_initializer")
        self.recurrent_initializer = initializers.get(
            recurrent_initializer, f"{own}: recurrent_initializer"
        )
        self.bias_initializer = initializers.get(bias_initializer, f"{own}: bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer, f"{own}: kernel_regularizer")
        self.recurrent_regularizer = regularizers.get(
            recurrent_regularizer, f"{own}: recurrent_regularizer"
        )
        self.bias_regularizer = regularizers.get(bias_regularizer, f"{own}: bias_regularizer")
        self.input_dropout = _dropout(own, "dropout", dropout, seed)
        self.recurrent_dropout = _dropout(own, "recurrent_dropout", recurrent_dropout, seed)
        self._take_order(return_sequences, return_state, go_backwards, stateful)

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list):
            input_shape, *states = input_shape
            check_states(self, len(states))
        if len(input_shape) != 3:
            hint = {
                2: ". A recurrent layer before this one needs return_sequences=True",
                4: ". TimeDistributed(Flatten()) makes vectors of images",
            }.get(len(input_shape), "")
            raise ValueError(
                f"expected sequences of rank 3 (N, T, D), got rank {len(input_shape)}{hint}"
            )
        features = known("the number of features", input_shape[-1])
        columns = self.gates * self.units
        self.kernel = self.add_weight(
            "kernel", (features, columns), self.kernel_initializer, self.kernel_regularizer
        )
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel",
            (self.units, columns),
            self.recurrent_initializer,
            self.recurrent_regularizer,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", self.bias_shape(), self.bias_initializer, self.bias_regularizer
            )

    def bias_shape(self) -> tuple[int, ...]:
        """The shape of the bias."""
        return (self.gates * self.units,)

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        return [(self.units,)] * self.state_count

    def sequence(
        self, x: Tensor, first: list[Tensor], mask: Any, training: bool, backwards: bool
    ) -> Steps:
        if training and self.input_dropout.rate and x.shape[1]:
            x = thinned(x, self.input_dropout)
        is_thinned = training and bool(self.recurrent_dropout.rate)
        has_op = self.has_op or (isinstance(x, Symbol) and x.graph.for_shapes)
        if (is_thinned or not has_op) and x.shape[1]:
            return one_by_one(self, x, first, mask, is_thinned, backwards)
        return self.steps(x, first, mask, backwards)

    def last(self, y: Tensor, states: list[Tensor]) -> Tensor:
        return states[0]

    def steps(self, x: Tensor, first: Sequence[Tensor], mask: Any, backwards: bool) -> Steps:
        """One op call for all steps of x."""
        raise NotImplementedError

    def thinned_step(self, x: Tensor, states: list[Tensor], kept: Tensor) -> list[Tensor]:
        """The states after the only step of x, whose recurrent product reads ``h * kept``.

        ``kept`` is None where nothing is dropped; that an op does the step is for layers without.
        """
        h, *rest = states
        return self.steps(x, [ops.multiply(h, kept), *rest], None, False)[1]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": initializers.serialize(self.recurrent_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "recurrent_regularizer": regularizers.serialize(self.recurrent_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "dropout": self.input_dropout.rate,
            "recurrent_dropout": self.recurrent_dropout.rate,
            **self._order_config(),
            "seed": self.input_dropout.seed,
        }


def blocks(x: Tensor, units: int) -> list[Tensor]:
    """The blocks of ``units`` columns of x, one for each gate."""
    return [ops.slice(x, 1, at, units) for at in range(0, x.shape[1], units)]


def saves(x: Tensor) -> bool:
    """Whether an op on x has to keep what its gradient needs."""
    return isinstance(x, Symbol) and x.graph.gradients


def _dropout(owner: str, name: str, rate: float, seed: int | None) -> Dropout:
    try:
        return Dropout(rate, seed=seed)
    except (ValueError, TypeError) as error:
        text = str(error).partition(": ")[2].replace("rate", name, 1)
        raise type(error)(f"{owner}: {text}") from None
