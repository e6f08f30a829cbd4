"""VGG: stages of 3x3 convolutions, each followed by a pooling, then three dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import Model, layers
from brasa.models.blocks import conv, normalize

# Depth -> convolutions of each stage; the dense layers are the other three.
_STAGES = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def vgg(
    depth: int = 16,
    classes: int = 1000,
    input_shape: Sequence[int] = (224, 224, 3),
    batch_norm: bool = False,
    dropout: float = 0.5,
    small_images: bool = False,
    units: int = 4096,
) -> Model:
    """VGG-11, 13, 16 or 19 for images of at least 32 x 32 pixels, not yet compiled.

    ``5 stages of 3x3 convolutions and pool 2, 4096, 4096, classes, softmax``

    The stages have 64, 128, 256, 512 and 512 filters. ``vgg16(...)`` is ``vgg(16, ...)``, and so
    are the others; these are configurations A, B, D and E of the paper.

    Args:
        depth: Layers with weights: 11, 13, 16 (default) or 19.
        classes: Number of outputs, at least 1. Default 1000.
        input_shape: Height, width and channels. Default (224, 224, 3).
        batch_norm: Normalize after each convolution: trains sooner and at
            higher rates. Default False.
        dropout: Share of the outputs of both hidden dense layers that training drops. Default 0.5.
        small_images: Without the hidden dense layers, ``global average, classes``, as is usual for
            CIFAR's 32 x 32 pixels; smaller ones do, too. Default False.
        units: Size of both hidden dense layers. Default 4096.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Simonyan & Zisserman, ICLR 2015.

    >>> from brasa.models import vgg
    >>> vgg(11, 10, (32, 32, 3), small_images=True).count_params()
    9225610
    """
    if depth not in _STAGES:
        raise ValueError(f"vgg: depth must be one of {', '.join(map(str, _STAGES))}, got {depth!r}")
    image = layers.Input(input_shape)
    x: Any = image
    for stage, count in enumerate(_STAGES[depth]):
        for _ in range(count):
            x = conv(x, min(64 << stage, 512), 3, use_bias=True)  # beside beta, too, as published
            x = normalize(x) if batch_norm else x
            x = layers.Activation("relu")(x)
        x = layers.MaxPooling2D(2, padding="same" if small_images else "valid")(x)
    x = layers.GlobalAveragePooling2D()(x) if small_images else _hidden(x, units, dropout)
    return Model(image, layers.Dense(classes, activation="softmax")(x), name=f"vgg{depth}")


def _hidden(x: Any, units: int, dropout: float) -> Any:
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dense(units, "relu", kernel_initializer="he_normal")(x)
        x = layers.Dropout(dropout)(x) if dropout else x
    return x


def vgg11(classes: int = 1000, input_shape: Sequence[int] = (224, 224, 3), **options: Any) -> Model:
    """VGG-11, 132,863,336 parameters: ``vgg(11, ...)``; options are its other arguments."""
    return vgg(11, classes, input_shape, **options)


def vgg13(classes: int = 1000, input_shape: Sequence[int] = (224, 224, 3), **options: Any) -> Model:
    """VGG-13, 133,047,848 parameters: ``vgg(13, ...)``; options are its other arguments."""
    return vgg(13, classes, input_shape, **options)


def vgg16(classes: int = 1000, input_shape: Sequence[int] = (224, 224, 3), **options: Any) -> Model:
    """VGG-16, 138,357,544 parameters: ``vgg(16, ...)``; options are its other arguments."""
    return vgg(16, classes, input_shape, **options)


def vgg19(classes: int = 1000, input_shape: Sequence[int] = (224, 224, 3), **options: Any) -> Model:
    """VGG-19, 143,667,240 parameters: ``vgg(19, ...)``; options are its other arguments."""
    return vgg(19, classes, input_shape, **options)
