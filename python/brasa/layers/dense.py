"""The fully connected layer."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.affine import Affine
from brasa.layers.arguments import known, positive
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class Dense(Affine):
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
        **options: kernel_constraint, bias_constraint (see :mod:`brasa.constraints`), name,
            trainable, input_shape, activity_regularizer.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    >>> from brasa import layers
    >>> layers.Dense(1, kernel_initializer="ones")([[1.0, 2.0]])
    array([[3.]], dtype=float32)
    """

    supports_masking = True
    kernel: Parameter

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
        self._take_weights(
            activation,
            use_bias,
            kernel=(kernel_initializer, kernel_regularizer),
            bias=(bias_initializer, bias_regularizer),
        )

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, list) or len(input_shape) < 2:
            raise ValueError("expected an input of rank 2 or more (N, ..., D)")
        features = known("the number of features", input_shape[-1])
        self.kernel = self._add("kernel", (features, self.units))
        self._add_bias(self.units)

    def call(self, x: Tensor) -> Tensor:
        return self.activation(ops.dense(x, self.kernel, self.bias))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
