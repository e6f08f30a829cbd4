"""Residual blocks: ``relu(shortcut(x) + f(x))``, with a gate for f(x) where a network has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brasa import layers
from brasa.models.blocks import conv_norm

Gate = Callable[[Any], Any]


def open_gate(x: Any) -> Any:
    """The gate of a plain residual network: none."""
    return x


def basic_block(x: Any, filters: int, stride: int, gate: Gate = open_gate) -> Any:
    """``f = 3x3 / stride, relu, 3x3``, each convolution with its normalization."""
    y = conv_norm(x, filters, 3, stride, "relu")
    y = conv_norm(y, filters, 3)
    return join(projected(x, filters, stride), gate(y))


def bottleneck(x: Any, filters: int, stride: int, gate: Gate = open_gate) -> Any:
    """``f = 1x1, relu, 3x3 / stride, relu, 1x1 of 4 times the filters``.

    The stride is in the 3x3 convolution, as nearly everybody has it today; in the paper, and in
    Keras, it is in the first 1x1, which leaves out three quarters of the pixels.
    """
    y = conv_norm(x, filters, 1, 1, "relu")
    y = conv_norm(y, filters, 3, stride, "relu")
    y = conv_norm(y, 4 * filters, 1)
    return join(projected(x, 4 * filters, stride), gate(y))


def join(shortcut: Any, y: Any) -> Any:
    """``relu(shortcut + y)``."""
    return layers.Activation("relu")(layers.Add()([shortcut, y]))


def projected(x: Any, filters: int, stride: int) -> Any:
    """Option B of the paper: a 1x1 convolution where the shape changes."""
    changes = stride > 1 or x.shape[-1] != filters
    return conv_norm(x, filters, 1, stride) if changes else x
