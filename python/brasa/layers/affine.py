"""What layers share that multiply with a kernel and add a bias: Dense and the convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from brasa import initializers, regularizers
from brasa.layers.activations import activation_config, activation_function
from brasa.layers.arguments import flag
from brasa.layers.base import Layer
from brasa.parameter import Parameter


class Affine(Layer):
    """``y = activation(x * kernel + bias)`` for some product; the bias may be left out."""

    _constrained: ClassVar[tuple[tuple[str, str], ...]] = (
        ("kernel_constraint", "kernel"),
        ("bias_constraint", "bias"),
    )

    bias: Parameter | None = None

    def _take_weights(self, activation: Any, use_bias: bool, **weights: tuple[Any, Any]) -> None:
        """Check what each weight starts from and what it adds to the loss.

        ``kernel=(initializer, regularizer)`` become ``kernel_initializer`` and
        ``kernel_regularizer``.
        """
        own = type(self).__name__
        self.activation = activation_function(own, activation)
        self.use_bias = flag(own, "use_bias", use_bias)
        self._described = tuple(weights)
        for name, (initializer, regularizer) in weights.items():
            start, penalty = f"{name}_initializer", f"{name}_regularizer"
            setattr(self, start, initializers.get(initializer, f"{own}: {start}"))
            setattr(self, penalty, regularizers.get(regularizer, f"{own}: {penalty}"))

    def _add(self, name: str, shape: Sequence[int], like: str | None = None) -> Parameter:
        """A weight as the arguments for ``like`` describe it; left out: those for its own name."""
        described = like or name
        start, penalty = f"{described}_initializer", f"{described}_regularizer"
        return self.add_weight(name, shape, getattr(self, start), getattr(self, penalty))

    def _add_bias(self, count: int) -> None:
        if self.use_bias:
            self.bias = self._add("bias", (count,))

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "activation": activation_config(self),
            "use_bias": self.use_bias,
        }
        for name in self._described:
            start, penalty = f"{name}_initializer", f"{name}_regularizer"
            config[start] = initializers.serialize(getattr(self, start))
            config[penalty] = regularizers.serialize(getattr(self, penalty))
        return config
