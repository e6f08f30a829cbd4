"""What layers have in common that normalize each sample by itself."""

from __future__ import annotations

from typing import Any

from brasa import initializers, regularizers
from brasa.layers.arguments import flag
from brasa.layers.base import Layer
from brasa.ops.arguments import number
from brasa.parameter import Parameter


class SampleNormalization(Layer):
    """An epsilon, a gamma and a beta, with all that can be said of them."""

    supports_masking = True
    _constrained = (("gamma_constraint", "gamma"), ("beta_constraint", "beta"))
    gamma: Parameter | None = None
    beta: Parameter | None = None

    def __init__(
        self,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        own = type(self).__name__
        self.epsilon = number(own, "epsilon", epsilon)
        if not self.epsilon > 0:
            raise ValueError(f"{own}: epsilon must be > 0, got {self.epsilon}")
        self.center, self.scale = flag(own, "center", center), flag(own, "scale", scale)
        self.beta_initializer = initializers.get(beta_initializer, f"{own}: beta_initializer")
        self.gamma_initializer = initializers.get(gamma_initializer, f"{own}: gamma_initializer")
        self.beta_regularizer = regularizers.get(beta_regularizer, f"{own}: beta_regularizer")
        self.gamma_regularizer = regularizers.get(gamma_regularizer, f"{own}: gamma_regularizer")

    def add_gamma_and_beta(self, shape: tuple[int, ...]) -> None:
        if self.scale:
            self.gamma = self.add_weight(
                "gamma", shape, self.gamma_initializer, self.gamma_regularizer
            )
        if self.center:
            self.beta = self.add_weight("beta", shape, self.beta_initializer, self.beta_regularizer)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
        }
