"""Activations as functions, by Keras's names: of arrays, and of symbols in the ``call`` of a layer.

They are the ops of the same names, or made of several ops.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brasa.layers.activations import NAMED, Function, activation_function
from brasa.layers.composed_activations import (
    celu,
    glu,
    hard_shrink,
    hard_tanh,
    log_sigmoid,
    soft_shrink,
    sparse_plus,
    sparse_sigmoid,
    squareplus,
    tanh_shrink,
    threshold,
)
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
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
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


def deserialize(config: Any, custom_objects: Any = None) -> Function:
    """The function of a name, or the layer of a config, that ``serialize`` gave.

    Args:
        config: The name or config.
        custom_objects: Functions of the user's own, by name.

    Raises:
        ValueError: the name is unknown. TypeError: it is neither, or ``custom_objects`` is no
            dictionary of functions.

    >>> from brasa import activations
    >>> activations.deserialize("relu")([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """
    owner = "activations.deserialize"
    if custom_objects is None:
        custom_objects = {}
    if not isinstance(custom_objects, Mapping) or not all(map(callable, custom_objects.values())):
        raise TypeError(
            f"{owner}: custom_objects must be a dictionary of functions, got {custom_objects!r}"
        )
    if isinstance(config, str) and config in custom_objects:
        function: Function = custom_objects[config]
        return function
    if not isinstance(config, (str, Mapping)):
        raise TypeError(f"{owner}: config must be a name or a config of a layer, got {config!r}")
    return activation_function(owner, config)


def serialize(activation: Function) -> str:
    """The name of a function, for the ``get_config`` of a layer; ValueError where it has none.

    >>> from brasa import activations
    >>> activations.serialize(activations.get(None))
    'linear'
    """
    return name_of_function("activations.serialize", activation, NAMED)
