"""ResNet for CIFAR: three stages of narrow residual blocks on 32 x 32 pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from brasa import Model, layers
from brasa.models.blocks import classifier, conv_norm
from brasa.models.residual import Gate, basic_block, join, open_gate
from brasa.suggest import find

Images = Sequence[int]
_STEM = 16


def resnet20(
    classes: int = 10, input_shape: Images = (32, 32, 3), shortcut: str = "padding"
) -> Model:
    """ResNet-20 for small images, not yet compiled: about 92 % on CIFAR-10.

    ``3x3x16, 3 stages of 3 blocks, global average, classes, softmax``

    A block is ``relu(x + bn(conv(relu(bn(conv(x))))))``. The stages have 16, 32 and 64 filters; the
    second and the third one halve height and width.

    Args:
        classes: Number of outputs, at least 1. Default 10.
        input_shape: Height, width and channels. Default (32, 32, 3).
        shortcut: Where a block changes the shape, x becomes: "padding": every other pixel, with
            zeros as the new channels, half of them in front (option A of the paper, which has no
            weights; 269,722 trainable parameters). "projection": a 1x1 convolution and a
            normalization (option B; 272,474).

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: He, Zhang, Ren & Sun, CVPR 2016, section 4.2.

    >>> from brasa.models import resnet20
    >>> resnet20().count_params(), resnet20(shortcut="projection").count_params()
    (271098, 274042)
    """
    return build(20, classes, input_shape, shortcut)


def resnet32(
    classes: int = 10, input_shape: Images = (32, 32, 3), shortcut: str = "padding"
) -> Model:
    """ResNet-32: like ``resnet20``, 5 blocks a stage; 464,154 trainable parameters."""
    return build(32, classes, input_shape, shortcut)


def resnet44(
    classes: int = 10, input_shape: Images = (32, 32, 3), shortcut: str = "padding"
) -> Model:
    """ResNet-44: like ``resnet20``, 7 blocks a stage; 658,586 trainable parameters."""
    return build(44, classes, input_shape, shortcut)


def resnet56(
    classes: int = 10, input_shape: Images = (32, 32, 3), shortcut: str = "padding"
) -> Model:
    """ResNet-56: like ``resnet20``, 9 blocks a stage; 853,018 trainable parameters."""
    return build(56, classes, input_shape, shortcut)


def resnet110(
    classes: int = 10, input_shape: Images = (32, 32, 3), shortcut: str = "padding"
) -> Model:
    """ResNet-110: like ``resnet20``, 18 blocks a stage; 1,727,962 trainable parameters."""
    return build(110, classes, input_shape, shortcut)


def build(
    depth: int,
    classes: int,
    input_shape: Images,
    shortcut: str,
    gate: Gate = open_gate,
    prefix: str = "resnet",
) -> Model:
    """A network of ``depth = 6 n + 2`` layers with weights: n blocks in each stage."""
    name = f"{prefix}{depth}"
    block = find(f"{name}: shortcut", shortcut, _BLOCKS)
    image = layers.Input(input_shape)
    x = conv_norm(image, _STEM, 3, 1, "relu")
    for stage in range(3):
        for number in range((depth - 2) // 6):
            x = block(x, _STEM << stage, 2 if stage > 0 and number == 0 else 1, gate)
    return classifier(image, x, classes, name)


def _padded_block(x: Any, filters: int, stride: int, gate: Gate) -> Any:
    if stride == 1:
        return basic_block(x, filters, stride, gate)
    y = conv_norm(x, filters, 3, stride, "relu")
    return join(_padded(x, filters, stride), gate(conv_norm(y, filters, 3)))


def _padded(x: Any, filters: int, stride: int) -> Any:
    """Option A: every other pixel, between channels of zeros."""
    x = layers.AveragePooling2D(1, stride)(x)
    _, height, width, channels = x.shape
    missing = filters - channels
    # The channels as the width of an image: that is what the layer pads.
    x = layers.Reshape((height * width, channels, 1))(x)
    x = layers.ZeroPadding2D(((0, 0), (missing // 2, missing - missing // 2)))(x)
    return layers.Reshape((height, width, filters))(x)


_BLOCKS: dict[str, Callable[..., Any]] = {"padding": _padded_block, "projection": basic_block}
