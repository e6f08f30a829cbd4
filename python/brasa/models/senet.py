"""Squeeze-and-excitation networks: residual networks that weigh their channels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from brasa import Model, layers
from brasa.layers.arguments import positive
from brasa.models import resnet, resnet_cifar
from brasa.models.residual import bottleneck


def se_resnet50(
    classes: int = 1000,
    input_shape: Sequence[int] = (224, 224, 3),
    small_images: bool = False,
    reduction: int = 16,
) -> Model:
    """SE-ResNet-50 for images, not yet compiled: 28,088,024 trainable parameters.

    ``resnet50``, in which every block is ``relu(x + gate(f(x)))``: the gate multiplies each channel
    by ``sigmoid(w2 @ relu(w1 @ mean + b1) + b2)`` of all channels' means over the image.

    Args:
        classes: Number of outputs, at least 1. Default 1000.
        input_shape: Height, width and channels. Default (224, 224, 3).
        small_images: Start with one 3x3x64 convolution at stride 1 and no pooling, as is usual for
            CIFAR's 32 x 32 pixels. Default False.
        reduction: The hidden layer of a gate is so many times smaller than the channels. Default
            16.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Hu, Shen & Sun, CVPR 2018.

    >>> from brasa.models import se_resnet50
    >>> se_resnet50(10, (32, 32, 3)).count_params()
    26112634
    """
    gate = partial(squeeze_excite, reduction=reduction)
    block = partial(bottleneck, gate=gate)
    return resnet.build("se_resnet50", block, (3, 4, 6, 3), classes, input_shape, small_images)


def se_resnet20(
    classes: int = 10,
    input_shape: Sequence[int] = (32, 32, 3),
    shortcut: str = "padding",
    reduction: int = 4,
) -> Model:
    """``resnet20`` with squeeze-and-excitation, not yet compiled; see ``se_resnet50``.

    Args:
        classes: Number of outputs, at least 1. Default 10.
        input_shape: Height, width and channels. Default (32, 32, 3).
        shortcut: "padding" (default) or "projection", as in ``resnet20``.
        reduction: The hidden layer of a gate is so many times smaller than the channels. Default 4:
            a sixteenth of 16 channels would be one unit.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    >>> from brasa.models import se_resnet20
    >>> se_resnet20().count_params()
    279582
    """
    gate = partial(squeeze_excite, reduction=reduction)
    return resnet_cifar.build(20, classes, input_shape, shortcut, gate, prefix="se_resnet")


def squeeze_excite(x: Any, reduction: int) -> Any:
    """``x * gate``, the gate one number for each channel and image."""
    channels = x.shape[-1]
    hidden = max(1, channels // positive("squeeze_excite", "reduction", reduction))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Dense(hidden, "relu", kernel_initializer="he_normal")(gate)
    gate = layers.Dense(channels, "sigmoid")(gate)
    return layers.Multiply()([x, gate])
