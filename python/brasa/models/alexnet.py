"""AlexNet: five convolutions and three dense layers, on one tower."""

from __future__ import annotations

from collections.abc import Sequence

from brasa import Sequential, layers


def alexnet(
    classes: int = 1000,
    input_shape: Sequence[int] = (224, 224, 3),
    dropout: float = 0.5,
    small_images: bool = False,
    units: int = 4096,
) -> Sequential:
    """AlexNet for images of at least 63 x 63 pixels, not yet compiled.

    ``11x11x64 / 4, pool 3 / 2, 5x5x192, pool 3 / 2, 3x3x384, 3x3x256, 3x3x256, pool 3 / 2,
    4096, 4096, classes, softmax``, dropout before both layers of 4096

    This is the form on one tower, which torchvision has, too: without the two halves that did not
    fit one GPU in 2012, and without local response normalization.

    Args:
        classes: Number of outputs, at least 1. Default 1000.
        input_shape: Height, width and channels. Default (224, 224, 3).
        dropout: Share of the values that training drops. Default 0.5.
        small_images: Begin with 3x3x64 at stride 1, and pool 2 / 2: for CIFAR's 32 x 32 pixels or
            MNIST's 28 x 28. Default False.
        units: Size of both hidden dense layers. Default 4096.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Krizhevsky, One weird trick for parallelizing convolutional neural networks, 2014;
        Krizhevsky, Sutskever & Hinton, NeurIPS 2012.

    >>> from brasa.models import alexnet
    >>> alexnet(10, (28, 28, 1), small_images=True, units=256).count_params()
    3105482
    """
    window = 2 if small_images else 3
    return Sequential(
        [
            layers.Input(input_shape),
            _conv(64, 3, 1, 1) if small_images else _conv(64, 11, 4, 2),
            layers.MaxPooling2D(window, 2),
            _conv(192, 5, 1, 2),
            layers.MaxPooling2D(window, 2),
            _conv(384, 3, 1, 1),
            _conv(256, 3, 1, 1),
            _conv(256, 3, 1, 1),
            layers.MaxPooling2D(window, 2),
            layers.Flatten(),
            *_hidden(units, dropout),
            *_hidden(units, dropout),
            layers.Dense(classes, activation="softmax"),
        ],
        name="alexnet",
    )


def _conv(filters: int, size: int, stride: int, padding: int) -> layers.Conv2D:
    return layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding=padding,
        activation="relu",
        kernel_initializer="he_normal",
    )


def _hidden(units: int, dropout: float) -> list[layers.Layer]:
    dense = layers.Dense(units, activation="relu", kernel_initializer="he_normal")
    return [layers.Dropout(dropout), dense] if dropout else [dense]
