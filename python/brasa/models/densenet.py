"""DenseNet: every layer reads what all layers of its block before it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import Model, layers
from brasa.layers.arguments import positive
from brasa.models.blocks import classifier, conv, conv_norm, normalize


def densenet121(
    classes: int = 1000, input_shape: Sequence[int] = (224, 224, 3), small_images: bool = False
) -> Model:
    """DenseNet-121 for images, not yet compiled: 7,978,856 trainable parameters.

    ``7x7x64 / 2, max-pool 3x3 / 2, blocks of 6, 12, 24 and 16 layers, global average, classes,
    softmax``

    A layer appends 32 channels, ``3x3(relu(bn(1x1(relu(bn(x))))))``, to its input x; the 1x1
    convolution has 128. Between blocks ``1x1(relu(bn(x)))`` halves the channels and an average
    pooling height and width.

    Args:
        classes: Number of outputs, at least 1. Default 1000.
        input_shape: Height, width and channels. Default (224, 224, 3).
        small_images: Start with one 3x3x64 convolution at stride 1 and no pooling, as is usual for
            CIFAR's 32 x 32 pixels. Default False.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Huang, Liu, van der Maaten & Weinberger, CVPR 2017.

    >>> from brasa.models import densenet121
    >>> densenet121(10, (32, 32, 3), small_images=True).count_params()
    7040074
    """
    image = layers.Input(input_shape)
    if small_images:
        x = conv_norm(image, 64, 3, 1, "relu")
    else:
        x = conv_norm(image, 64, 7, 2, "relu")
        x = layers.MaxPooling2D(3, 2, padding=1)(x)
    for block, count in enumerate((6, 12, 24, 16)):
        x = _transition(x, x.shape[-1] // 2) if block else x
        x = _dense_block(x, count, growth=32, bottleneck=True)
    return classifier(image, normalize(x, "relu"), classes, "densenet121")


def densenet(
    depth: int = 40,
    growth: int = 12,
    classes: int = 10,
    input_shape: Sequence[int] = (32, 32, 3),
    bottleneck: bool = False,
) -> Model:
    """DenseNet for small images, not yet compiled: about 94 % on CIFAR-10.

    ``3x3x16, 3 blocks, global average, classes, softmax``

    A layer appends ``growth`` channels, ``3x3(relu(bn(x)))``, to its input x. Between blocks
    ``1x1(relu(bn(x)))`` and an average pooling halve height and width.

    Args:
        depth: Layers with weights: ``3 n + 4`` for blocks of n layers, ``6 n + 4`` with
            bottlenecks. Default 40.
        growth: Channels that each layer adds. Default 12.
        classes: Number of outputs, at least 1. Default 10.
        input_shape: Height, width and channels. Default (32, 32, 3).
        bottleneck: DenseNet-BC: each 3x3 convolution behind one of 1x1 and 4 times the growth, and
            half of the channels between blocks. (100, 12) has 769,162 parameters. Default False.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Huang, Liu, van der Maaten & Weinberger, CVPR 2017.

    >>> from brasa.models import densenet
    >>> densenet(22).count_params()
    275914
    """
    convolutions = 3 * (2 if bottleneck else 1)
    count, rest = divmod(positive("densenet", "depth", depth) - 4, convolutions)
    if rest or count < 1:
        raise ValueError(
            f"densenet: depth must be {convolutions} n + 4 with n >= 1, for blocks of n layers, "
            f"got {depth}"
        )
    growth = positive("densenet", "growth", growth)
    image = layers.Input(input_shape)
    x = conv(image, 2 * growth if bottleneck else 16, 3)
    for block in range(3):
        if block:
            x = _transition(x, x.shape[-1] // 2 if bottleneck else x.shape[-1])
        x = _dense_block(x, count, growth, bottleneck)
    return classifier(image, normalize(x, "relu"), classes, f"densenet{depth}")


def _dense_block(x: Any, count: int, growth: int, bottleneck: bool) -> Any:
    for _ in range(count):
        y = normalize(x, "relu")
        y = normalize(conv(y, 4 * growth, 1), "relu") if bottleneck else y
        x = layers.Concatenate()([x, conv(y, growth, 3)])
    return x


def _transition(x: Any, filters: int) -> Any:
    x = conv(normalize(x, "relu"), filters, 1)
    return layers.AveragePooling2D(2)(x)
