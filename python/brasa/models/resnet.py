"""ResNet-18: residual blocks of two 3x3 convolutions, each followed by batch normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import Model, layers

# Two blocks each; the first of a stage halves height and width, but for the first stage.
_STAGES = (64, 128, 256, 512)


def resnet18(
    classes: int = 1000, input_shape: Sequence[int] = (224, 224, 3), small_images: bool = False
) -> Model:
    """ResNet-18 for images, not yet compiled.

    ``7x7x64 / 2, max-pool 3x3 / 2, 4 stages of 2 blocks, global average, classes, softmax``

    A block is ``relu(x + bn(conv(relu(bn(conv(x))))))``; where it changes the shape, x goes through
    a 1x1 convolution and a normalization of its own (option B of the paper).

    Args:
        classes: Number of outputs, at least 1. Default 1000.
        input_shape: Height, width and channels. Default (224, 224, 3).
        small_images: Start with one 3x3x64 convolution at stride 1 and no pooling, as is usual for
            CIFAR's 32 x 32 pixels. Default False.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: He, Zhang, Ren & Sun, CVPR 2016, table 1.

    >>> from brasa.models import resnet18
    >>> resnet18(input_shape=(32, 32, 3)).count_params()
    11699112
    """
    image = layers.Input(input_shape)
    if small_images:
        x = _conv(image, 64, 3, 1, "relu")
    else:
        x = _conv(image, 64, 7, 2, "relu")
        x = layers.MaxPooling2D(3, 2, padding=1)(x)
    for stage, filters in enumerate(_STAGES):
        for block in range(2):
            x = _block(x, filters, 2 if stage > 0 and block == 0 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    return Model(image, layers.Dense(classes, activation="softmax")(x), name="resnet18")


def _conv(x: Any, filters: int, size: int, stride: int, activation: str | None = None) -> Any:
    # He's padding: half the window on each side. "same" would shift strided windows by a pixel.
    y = layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding=size // 2,
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    y = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(y)
    return layers.Activation(activation)(y) if activation else y


def _block(x: Any, filters: int, stride: int) -> Any:
    y = _conv(x, filters, 3, stride, "relu")
    y = _conv(y, filters, 3, 1)
    if stride > 1 or x.shape[-1] != filters:
        x = _conv(x, filters, 1, stride)
    return layers.Activation("relu")(layers.Add()([x, y]))
