"""Activation functions by name, and the layers that apply them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from brasa import ops
from brasa.layers.base import Layer
from brasa.ops.arguments import number, whole
from brasa.ops.dispatch import Tensor
from brasa.suggest import find

Function = Callable[[Tensor], Tensor]

FUNCTIONS: dict[str, Function] = {
    "leaky_relu": ops.leaky_relu,
    "linear": ops.linear,
    "relu": ops.relu,
    "sigmoid": ops.sigmoid,
    "softmax": ops.softmax,
    "tanh": ops.tanh,
}


def activation_function(owner: str, activation: Any) -> Function:
    """The function that an ``activation=`` argument stands for: a name, an op, or None.

    >>> from brasa.layers.activations import activation_function
    >>> activation_function("Dense", "relu").__name__
    'relu'
    """
    if activation is None:
        return ops.linear
    if isinstance(activation, str):
        return find(f"{owner}: activation", activation, FUNCTIONS)
    if any(activation is function for function in FUNCTIONS.values()):
        return activation  # type: ignore[no-any-return]
    raise TypeError(
        f"{owner}: activation must be one of the names {', '.join(FUNCTIONS)}, or the function of "
        f"that name in brasa.ops, got {activation!r}. For anything else write a Layer of its own."
    )


class Activation(Layer):
    """An activation as a layer of its own: ``y = activation(x)``. Any shape.

    Args:
        activation: Name, or function of :mod:`brasa.ops`: linear, relu, leaky_relu, sigmoid, tanh
            or softmax.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: the name is unknown. TypeError: it is neither.

    >>> from brasa import layers
    >>> layers.Activation("relu")([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activation_function("Activation", activation)

    def call(self, x: Tensor) -> Tensor:
        return self.activation(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation.__name__}


class ReLU(Layer):
    """Rectifier: ``y = x`` where ``x > 0``, else ``negative_slope * x``. Any shape.

    Args:
        max_value: Only None: there is no upper bound.
        negative_slope: At least 0. Default 0.
        **options: name, trainable, input_shape.

    >>> from brasa import layers
    >>> layers.ReLU()([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, max_value: None = None, negative_slope: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        if max_value is not None:
            raise ValueError(f"ReLU: max_value must be None, got {max_value!r}")
        self.negative_slope = _slope("ReLU", negative_slope)

    def call(self, x: Tensor) -> Tensor:
        return ops.leaky_relu(x, self.negative_slope) if self.negative_slope else ops.relu(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class LeakyReLU(Layer):
    """``y = x`` where ``x > 0``, else ``negative_slope * x``. Any shape.

    Args:
        negative_slope: At least 0. Default 0.3.
        **options: name, trainable, input_shape.

    >>> from brasa import layers
    >>> layers.LeakyReLU(0.5)([[-1.0, 2.0]])
    array([[-0.5,  2. ]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, negative_slope: float = 0.3, **options: Any) -> None:
        super().__init__(**options)
        self.negative_slope = _slope("LeakyReLU", negative_slope)

    def call(self, x: Tensor) -> Tensor:
        return ops.leaky_relu(x, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class Softmax(Layer):
    """``y_j = exp(x_j) / sum_j exp(x_j)`` along the last axis. Any shape.

    Args:
        axis: Must be the last one. Default -1.
        **options: name, trainable, input_shape.

    >>> from brasa import layers
    >>> layers.Softmax()([[0.0, 0.0]])
    array([[0.5, 0.5]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = whole("Softmax", "axis", axis)

    def call(self, x: Tensor) -> Tensor:
        return ops.softmax(x, self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def _slope(owner: str, value: Any) -> float:
    slope = number(owner, "negative_slope", value)
    if not 0 <= slope < math.inf:
        raise ValueError(f"{owner}: negative_slope must be finite and >= 0, got {slope}")
    return slope
