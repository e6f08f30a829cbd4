"""The fully connected layer."""

from __future__ import annotations

from typing import Any

from brasa import initializers, ops, regularizers
from brasa.layers.activations import activation_function
from brasa.layers.arguments import flag, known, positive
from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class Dense(Layer):
    """Fully connected layer: ``y = activation(x @ kernel + bias)``.

    Shapes:
        x (..., D), kernel (D, units), bias (units,), y (..., units)

    Args:
        units: Number of outputs, at least 1.
        activation: Name, or function of :mod:`brasa.ops`. Default none.
        use_bias: Add a bias. Default True.
        kernel_initializer: What the kernel starts from. Default "glorot_uniform".
        bias_initializer: What the bias starts from. Default "zeros".
        kernel_regularizer: What large weights add to the loss: "l1", "l2", "l1_l2", or one of
            :mod:`brasa.regularizers`. Default none.
        bias_regularizer: The same for the bias.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    >>> from brasa import layers
    >>> layers.Dense(1, kernel_initializer="ones")([[1.0, 2.0]])
    array([[3.]], dtype=float32)
    """

    supports_masking = True
    kernel: Parameter
    bias: Parameter | None = None

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.units = positive("Dense", "units", units)
        self.activation = activation_function("Dense", activation)
        self.use_bias = flag("Dense", "use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer, "Dense: kernel_initializer")
        self.bias_initializer = initializers.get(bias_initializer, "Dense: bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer, "Dense: kernel_regularizer")
        self.bias_regularizer = regularizers.get(bias_regularizer, "Dense: bias_regularizer")

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list) or len(input_shape) < 2:
            raise ValueError("expected an input of rank 2 or more (N, ..., D)")
        features = known("the number of features", input_shape[-1])
        self.kernel = self.add_weight(
            "kernel", (features, self.units), self.kernel_initializer, self.kernel_regularizer
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", (self.units,), self.bias_initializer, self.bias_regularizer
            )

    def call(self, x: Tensor) -> Tensor:
        return self.activation(ops.dense(x, self.kernel, self.bias))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation.__name__,
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
        }
