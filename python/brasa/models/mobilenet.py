"""MobileNet: convolutions of single channels, and products that mix them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import Model, initializers, layers
from brasa.models.blocks import classifier, conv_norm, normalize
from brasa.ops.arguments import finite

# Filters and stride of each pair of convolutions behind the first one, of 32.
_FIRST = 32
_PAIRS = [
    (64, 1),
    *((128, 2), (128, 1)),
    *((256, 2), (256, 1)),
    *((512, 2), *[(512, 1)] * 5),
    *((1024, 2), (1024, 1)),
]


def mobilenet(
    classes: int = 1000,
    input_shape: Sequence[int] = (224, 224, 3),
    width: float = 1.0,
    small_images: bool = False,
) -> Model:
    """MobileNet (version 1) for images, not yet compiled: 4,231,976 trainable parameters.

    ``3x3x32 / 2, 13 pairs, global average, classes, softmax``

    A pair is ``relu(bn(1x1(relu(bn(3x3 of each channel alone)))))``: 8 to 9 times fewer products
    than a 3x3 convolution of all channels.

    Args:
        classes: Number of outputs, at least 1. Default 1000.
        input_shape: Height, width and channels. Default (224, 224, 3).
        width: Factor for the number of filters of all convolutions, alpha in the paper. Default 1.
        small_images: The first convolution and the first stride of 2 keep height and width, as is
            usual for CIFAR's 32 x 32 pixels. Default False.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Howard et al., MobileNets, arXiv 1704.04861, 2017; relu, where Keras has relu6.

    >>> from brasa.models import mobilenet
    >>> mobilenet(10, (32, 32, 3), width=0.5, small_images=True).count_params()
    834666
    """
    factor = finite("mobilenet", "width", width)
    if factor <= 0:
        raise ValueError(f"mobilenet: width must be > 0, got {factor}")

    def filters(count: int) -> int:
        return max(1, round(count * factor))

    image = layers.Input(input_shape)
    x = conv_norm(image, filters(_FIRST), 3, 1 if small_images else 2, "relu")
    for number, (count, stride) in enumerate(_PAIRS):
        x = _pair(x, filters(count), 1 if small_images and number == 1 else stride)
    return classifier(image, x, classes, "mobilenet")


def _pair(x: Any, filters: int, stride: int) -> Any:
    # He's weights for sums of 9 terms; "he_normal" would count those of all channels.
    he = initializers.RandomNormal(stddev=(2 / 9) ** 0.5)
    x = layers.DepthwiseConv2D(
        3, strides=stride, padding=1, use_bias=False, depthwise_initializer=he
    )(x)
    return conv_norm(normalize(x, "relu"), filters, 1, activation="relu")
