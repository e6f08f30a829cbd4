"""ResNet: four stages of residual blocks, each convolution followed by batch normalization."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from brasa import Model, layers
from brasa.models.blocks import classifier, conv_norm
from brasa.models.residual import basic_block, bottleneck

Images = Sequence[int]

# Filters of each; all but the first halve height and width.
_STAGES = (64, 128, 256, 512)


def resnet18(
    classes: int = 1000, input_shape: Images = (224, 224, 3), small_images: bool = False
) -> Model:
    """ResNet-18 for images, not yet compiled.

    ``7x7x64 / 2, max-pool 3x3 / 2, 4 stages of 2 blocks, global average, classes, softmax``

    A block is ``relu(x + bn(conv(relu(bn(conv(x))))))``; where it changes the shape, x goes through
    a 1x1 convolution and a normalization of its own (option B of the paper). The stages have 64,
    128, 256 and 512 filters; each but the first halves height and width.

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
    return build("resnet18", basic_block, (2, 2, 2, 2), classes, input_shape, small_images)


def resnet34(
    classes: int = 1000, input_shape: Images = (224, 224, 3), small_images: bool = False
) -> Model:
    """ResNet-34: like ``resnet18``, with 3, 4, 6 and 3 blocks; 21,797,672 trainable parameters."""
    return build("resnet34", basic_block, (3, 4, 6, 3), classes, input_shape, small_images)


def resnet50(
    classes: int = 1000, input_shape: Images = (224, 224, 3), small_images: bool = False
) -> Model:
    """ResNet-50: like ``resnet18``, with 3, 4, 6 and 3 blocks; 25,557,032 trainable parameters.

    A block is ``1x1, 3x3, 1x1 of 4 times the filters``; its stride is in the 3x3 convolution, as in
    most libraries. The paper, and Keras, have it in the first 1x1.
    """
    return build("resnet50", bottleneck, (3, 4, 6, 3), classes, input_shape, small_images)


def resnet101(
    classes: int = 1000, input_shape: Images = (224, 224, 3), small_images: bool = False
) -> Model:
    """ResNet-101: like ``resnet50``, 3, 4, 23 and 3 blocks; 44,549,160 trainable parameters."""
    return build("resnet101", bottleneck, (3, 4, 23, 3), classes, input_shape, small_images)


def resnet152(
    classes: int = 1000, input_shape: Images = (224, 224, 3), small_images: bool = False
) -> Model:
    """ResNet-152: like ``resnet50``, 3, 8, 36 and 3 blocks; 60,192,808 trainable parameters."""
    return build("resnet152", bottleneck, (3, 8, 36, 3), classes, input_shape, small_images)


def build(
    name: str,
    block: Callable[[Any, int, int], Any],
    counts: Sequence[int],
    classes: int,
    input_shape: Images,
    small_images: bool,
) -> Model:
    """A stem, the stages and the classifier. ``block(x, filters, stride)`` is one block."""
    image = layers.Input(input_shape)
    if small_images:
        x = conv_norm(image, _STAGES[0], 3, 1, "relu")
    else:
        x = conv_norm(image, _STAGES[0], 7, 2, "relu")
        x = layers.MaxPooling2D(3, 2, padding=1)(x)
    for stage, (filters, count) in enumerate(zip(_STAGES, counts, strict=False)):
        for number in range(count):
            x = block(x, filters, 2 if stage > 0 and number == 0 else 1)
    return classifier(image, x, classes, name)
