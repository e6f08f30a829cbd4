"""Activations as functions, by Keras's names: of arrays, and of symbols in the ``call`` of a layer.

They are the ops of the same names.
"""

from __future__ import annotations

from typing import Any

from brasa.layers.activations import FUNCTIONS, Function, activation_function
from brasa.layers.functions import name_of_function
from brasa.ops import (
    elu,
    exponential,
    gelu,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    leaky_relu,
    linear,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    swish,
    tanh,
)

__all__ = [
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]


def get(identifier: Any) -> Function:
    """The function that an ``activation=`` stands for: a name, a function, a layer, or None.

    Raises:
        ValueError: the name is unknown. TypeError: it is none of these.

    >>> from brasa import activations
    >>> activations.get("relu")([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """
    return activation_function("activations.get", identifier)


def serialize(activation: Function) -> str:
    """The name of a function, for the ``get_config`` of a layer; ValueError where it has none.

    >>> from brasa import activations
    >>> activations.serialize(activations.get(None))
    'linear'
    """
    return name_of_function("activations.serialize", activation, FUNCTIONS)
