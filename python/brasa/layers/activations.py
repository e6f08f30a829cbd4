"""Activation functions by name, and the layers that apply them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from brasa import ops
from brasa.layers.base import Layer
from brasa.layers.composed_activations import COMPOSED
from brasa.layers.functions import function_named, name_of_function
from brasa.layers.sharing import serialize
from brasa.ops.arguments import truth, whole
from brasa.ops.dispatch import Tensor
from brasa.suggest import find

Function = Callable[[Tensor], Tensor]

# What stands for elements without a share: exp of it is 0 beside any other.
_FAR_BELOW = -1e30

FUNCTIONS: dict[str, Function] = {
    "elu": ops.elu,
    "exponential": ops.exp,
    "gelu": ops.gelu,
    "gelu_tanh": ops.gelu_tanh,
    "hard_sigmoid": ops.hard_sigmoid,
    "hard_silu": ops.hard_silu,
    "hard_swish": ops.hard_silu,  # of two names files know the first alone
    "leaky_relu": ops.leaky_relu,
    "linear": ops.linear,
    "log_softmax": ops.log_softmax,
    "mish": ops.mish,
    "relu": ops.relu,
    "relu6": ops.relu6,
    "selu": ops.selu,
    "sigmoid": ops.sigmoid,
    "silu": ops.silu,
    "softmax": ops.softmax,
    "softplus": ops.softplus,
    "softsign": ops.softsign,
    "swish": ops.silu,
    "tanh": ops.tanh,
}

# What layers take: single ops, and what is made of several.
NAMED: dict[str, Function] = {**FUNCTIONS, **COMPOSED}

# What a recurrent layer takes, step by step: a state must keep its units, and glu halves them.
RECURRENT = {name: function for name, function in NAMED.items() if name != "glu"}


def activation_function(owner: str, activation: Any) -> Function:
    """What an ``activation=`` argument stands for: a name, a function, a layer, or None.

    >>> from brasa.layers.activations import activation_function
    >>> activation_function("Dense", "relu").__name__
    'relu'
    """
    if activation is None:
        return ops.linear
    if isinstance(activation, str):
        return function_named(f"{owner}: activation", activation, NAMED)
    if isinstance(activation, Mapping):
        from brasa.layers import deserialize

        return deserialize(activation)
    if callable(activation) and not isinstance(activation, type):
        return activation  # type: ignore[no-any-return]
    raise TypeError(
        f"{owner}: activation must be one of the names {', '.join(NAMED)}, or a function of "
        f"one tensor, made of brasa.ops, got {activation!r}"
    )


def activation_config(layer: Any) -> str | dict[str, Any]:
    """What files hold of the ``activation`` of a layer; ValueError for a function without name."""
    if isinstance(layer.activation, Layer):
        return serialize(layer.activation)
    return name_of_function(f"layer {layer.name!r}: activation", layer.activation, NAMED)


def activation_name(owner: str, name: str, activation: Any) -> str:
    """The name in ``RECURRENT`` of a name or function; ValueError where it is none of them.

    >>> from brasa.layers.activations import activation_name
    >>> activation_name("LSTM", "activation", ops.relu), activation_name("LSTM", "activation", None)
    ('relu', 'linear')
    """
    function = activation
    if activation is None or isinstance(activation, str):
        choices = NAMED if activation in NAMED else RECURRENT
        function = find(f"{owner}: {name}", activation or "linear", choices)
    for known, other in RECURRENT.items():
        if function is other:
            return known
    raise ValueError(f"{owner}: {name} must be one of {', '.join(RECURRENT)}, got {activation!r}")


class Activation(Layer):
    """An activation as a layer of its own: ``y = activation(x)``. Any shape.

    Args:
        activation: Name, or function of :mod:`brasa.ops`: linear, relu, leaky_relu, relu6, elu,
            selu, gelu, gelu_tanh, silu (or swish), mish, sigmoid, tanh, softplus, softsign,
            hard_sigmoid, hard_silu (or hard_swish), exponential, softmax or log_softmax; celu, glu,
            hard_tanh, log_sigmoid, hard_shrink, soft_shrink, tanh_shrink, squareplus, sparse_plus
            or sparse_sigmoid, made of several; or a function made of such ops, of which files hold
            the name for ``custom_objects``.
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
        return {**super().get_config(), "activation": activation_config(self)}


class GELU(Layer):
    """Gaussian error linear unit: ``y = x * Phi(x)``, Phi of the normal distribution. Any shape.

    Source: Hendrycks, Gimpel, 2016, arXiv:1606.08415.

    Args:
        approximate: Whether to take the form with tanh, off by up to 0.0005, as ``"gelu_tanh"``
            does. Default False.
        **options: name, trainable, input_shape.

    Raises:
        TypeError: approximate is neither True nor False.

    >>> from brasa import layers
    >>> layers.GELU()([[-1.0, 2.0]]).round(4)
    array([[-0.1587,  1.9545]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, approximate: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.approximate = truth("GELU", "approximate", approximate)

    def call(self, x: Tensor) -> Tensor:
        return ops.gelu(x, self.approximate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "approximate": self.approximate}


class Softmax(Layer):
    """``y_j = exp(x_j) / sum_j exp(x_j)`` along an axis. Any shape.

    A call may give a ``mask`` with as many axes: elements where it is 0 have no share, ``y_j = 0``.

    Args:
        axis: Which one, the batch being the first. Default -1, the last.
        **options: name, trainable, input_shape.

    >>> from brasa import layers
    >>> layers.Softmax()([[0.0, 0.0]])
    array([[0.5, 0.5]], dtype=float32)
    >>> layers.Softmax()([[0.0, 0.0]], mask=[[True, False]])
    array([[1., 0.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = whole("Softmax", "axis", axis)

    def call(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None or len(mask.shape) != len(x.shape):  # one of steps goes on, no more
            return ops.softmax(x, self.axis)
        shares = ops.softmax(ops.where(mask, x, _FAR_BELOW), self.axis)
        return ops.multiply(shares, mask)  # 0 where no element has a share, too

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
