"""ResNeXt: residual networks whose 3x3 convolutions see the channels in groups."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from brasa import Model
from brasa.layers.arguments import positive
from brasa.models import resnet
from brasa.models.blocks import conv_norm
from brasa.models.residual import join, projected


def resnext50(
    classes: int = 1000,
    input_shape: Sequence[int] = (224, 224, 3),
    small_images: bool = False,
    groups: int = 32,
    group_width: int = 4,
) -> Model:
    """ResNeXt-50 for images, not yet compiled: 25,028,904 trainable parameters.

    ``resnet50``, in which a block is ``relu(x + 1x1(3x3 in groups(1x1(x))))``, each convolution
    with its normalization. A group sees ``group_width`` channels in the first stage, twice as many
    in each of the next: as many products as in ResNet-50, of more filters.

    Args:
        classes: Number of outputs, at least 1. Default 1000.
        input_shape: Height, width and channels. Default (224, 224, 3).
        small_images: Start with one 3x3x64 convolution at stride 1 and no pooling, as is usual for
            CIFAR's 32 x 32 pixels. Default False.
        groups: Of each 3x3 convolution, the cardinality in the paper. Default 32.
        group_width: Channels of a group in the first stage. Default 4.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Xie, Girshick, Dollar, Tu & He, CVPR 2017, table 1: "32x4d".

    >>> from brasa.models import resnext50
    >>> resnext50(10, (32, 32, 3)).count_params()
    23068618
    """
    block = _block("resnext50", groups, group_width)
    return resnet.build("resnext50", block, (3, 4, 6, 3), classes, input_shape, small_images)


def resnext101(
    classes: int = 1000,
    input_shape: Sequence[int] = (224, 224, 3),
    small_images: bool = False,
    groups: int = 32,
    group_width: int = 8,
) -> Model:
    """ResNeXt-101: like ``resnext50``, 3, 4, 23 and 3 blocks; 88,791,336 trainable parameters."""
    block = _block("resnext101", groups, group_width)
    return resnet.build("resnext101", block, (3, 4, 23, 3), classes, input_shape, small_images)


def _block(name: str, groups: int, group_width: int) -> Any:
    return partial(
        grouped_bottleneck,
        groups=positive(name, "groups", groups),
        width=positive(name, "group_width", group_width),
    )


def grouped_bottleneck(x: Any, filters: int, stride: int, groups: int, width: int) -> Any:
    """``f = 1x1, relu, 3x3 / stride, relu, 1x1 of 4 times the filters``, the 3x3 in groups.

    A group sees ``width`` channels where there are 64 filters, and so on in proportion.
    """
    inner = groups * (width * filters // 64)
    y = conv_norm(x, inner, 1, 1, "relu")
    y = conv_norm(y, inner, 3, stride, "relu", groups)
    return join(projected(x, 4 * filters, stride), conv_norm(y, 4 * filters, 1))
