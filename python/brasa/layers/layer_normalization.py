"""Layer normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import initializers, ops, regularizers
from brasa.layers.arguments import flag, known
from brasa.layers.base import Layer
from brasa.ops.arguments import number, whole
from brasa.ops.dispatch import Tensor
from brasa.ops.layer_norm import last_axes
from brasa.parameter import Parameter


class LayerNormalization(Layer):
    """Normalize the features of each sample to mean 0 and variance 1, then scale and shift them.

    Samples, and steps of a sequence, have statistics of their own: training and later use compute
    the same, whatever the batch, even a batch of one.

    Shapes:
        x and y (N, ..., C); gamma, beta (C,), or the extents of all axes of ``axis``

    Args:
        axis: The features: the last axis, -1, or several of the last ones: ``[-2, -1]``.
        epsilon: Added to the variance, > 0. Default 1e-3.
        center: Have a beta. Default True.
        scale: Have a gamma. Default True.
        beta_initializer: Default "zeros"; likewise gamma_initializer "ones".
        beta_regularizer: What a large beta adds to the loss: see Dense. Default none; likewise
            gamma_regularizer.
        **options: beta_constraint, gamma_constraint (see :mod:`brasa.constraints`), name,
            trainable, input_shape.

    Raises:
        ValueError: an argument is out of range. TypeError: of another type.

    Source: Ba, Kiros and Hinton, arXiv:1607.06450.

    >>> from brasa import layers
    >>> layers.LayerNormalization(epsilon=1e-9)([[1.0, 3.0], [50.0, 10.0]])
    array([[-1.,  1.],
           [ 1., -1.]], dtype=float32)
    """

    supports_masking = True
    _constrained = (("gamma_constraint", "gamma"), ("beta_constraint", "beta"))
    gamma: Parameter | None = None
    beta: Parameter | None = None

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
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
        own = "LayerNormalization"
        self.axis = (
            [whole(own, "axis", entry) for entry in axis]
            if isinstance(axis, (list, tuple))
            else whole(own, "axis", axis)
        )
        self.epsilon = number(own, "epsilon", epsilon)
        if not self.epsilon > 0:
            raise ValueError(f"{own}: epsilon must be > 0, got {self.epsilon}")
        self.center, self.scale = flag(own, "center", center), flag(own, "scale", scale)
        self.beta_initializer = initializers.get(beta_initializer, f"{own}: beta_initializer")
        self.gamma_initializer = initializers.get(gamma_initializer, f"{own}: gamma_initializer")
        self.beta_regularizer = regularizers.get(beta_regularizer, f"{own}: beta_regularizer")
        self.gamma_regularizer = regularizers.get(gamma_regularizer, f"{own}: gamma_regularizer")

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list) or len(input_shape) < 2:
            raise ValueError("expected an input of rank 2 or more (N, ..., C)")
        axes = last_axes("LayerNormalization", self.axis, len(input_shape))
        if axes == len(input_shape):
            raise ValueError("the samples of a batch, axis 0, are normalized each for itself")
        shape = tuple(
            known(f"the extent of axis {place - axes}", extent)
            for place, extent in enumerate(input_shape[-axes:])
        )
        if self.scale:
            self.gamma = self.add_weight(
                "gamma", shape, self.gamma_initializer, self.gamma_regularizer
            )
        if self.center:
            self.beta = self.add_weight("beta", shape, self.beta_initializer, self.beta_regularizer)

    def call(self, x: Tensor) -> Tensor:
        return ops.layer_norm(x, self.gamma, self.beta, self.epsilon, self.axis)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
        }
