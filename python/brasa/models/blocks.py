"""What the networks for images share: a normalized convolution, a stem, and the classifier."""

from __future__ import annotations

from typing import Any

from brasa import Model, layers


def conv(
    x: Any, filters: int, size: int, stride: int = 1, *, use_bias: bool = False, groups: int = 1
) -> Any:
    """A convolution that starts from He's weights and pads by half of the window on each side.

    "same" would shift strided windows by a pixel, away from the published networks.
    """
    return layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding=size // 2,
        groups=groups,
        use_bias=use_bias,
        kernel_initializer="he_normal",
    )(x)


def normalize(x: Any, activation: str | None = None, epsilon: float = 1e-5) -> Any:
    """Batch normalization with PyTorch's momentum and epsilon, then the activation."""
    y = layers.BatchNormalization(momentum=0.9, epsilon=epsilon)(x)
    return layers.Activation(activation)(y) if activation else y


def conv_norm(
    x: Any, filters: int, size: int, stride: int = 1, activation: Any = None, groups: int = 1
) -> Any:
    """``activation(bn(conv(x)))``, the convolution without a bias: the normalization has one."""
    return normalize(conv(x, filters, size, stride, groups=groups), activation)


def classifier(image: Any, x: Any, classes: int, name: str) -> Model:
    """``global average, classes, softmax`` over the features x."""
    x = layers.GlobalAveragePooling2D()(x)
    return Model(image, layers.Dense(classes, activation="softmax")(x), name=name)
