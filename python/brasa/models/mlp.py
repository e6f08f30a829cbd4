"""A multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence

from brasa import Sequential, layers


def mlp(
    classes: int = 10,
    input_shape: Sequence[int] = (28, 28, 1),
    units: Sequence[int] = (512, 256),
    dropout: float = 0.0,
) -> Sequential:
    """A multilayer perceptron, not yet compiled: ``flatten, units..., classes, softmax``.

    Args:
        classes: Number of outputs, at least 1. Default 10.
        input_shape: Of one sample: an image, or any other extents. Default (28, 28, 1).
        units: Size of each hidden layer, all with ReLU. Default (512, 256).
        dropout: Share of each hidden layer's outputs that training drops. Default 0.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    >>> from brasa.models import mlp
    >>> mlp().count_params(), mlp(3, (4,), (16,)).count_params()
    (535818, 131)
    """
    if not isinstance(units, (tuple, list)):
        raise TypeError(f"mlp: units must be a tuple such as (512, 256), got {units!r}")
    network: list[layers.Layer] = [layers.Flatten()]
    for width in units:
        network.append(layers.Dense(width, "relu", kernel_initializer="he_normal"))
        network += [layers.Dropout(dropout)] if dropout else []
    network.append(layers.Dense(classes, "softmax"))
    return Sequential([layers.Input(input_shape), *network], name="mlp")
