"""GoogLeNet: nine inception modules, each of four branches side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from brasa import Model, layers
from brasa.models.blocks import conv, normalize
from brasa.suggest import find

# Filters of a module: 1x1; 1x1 and 3x3; 1x1 and 5x5; 1x1 behind the pooling. One row a module.
_STAGES = {
    3: [(64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)],
    4: [
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ],
    5: [(256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)],
}
_AUXILIARY = [(4, 1), (4, 4)]  # behind the modules 4a and 4d

Conv = Callable[..., Any]


def googlenet(
    classes: int = 1000,
    input_shape: Sequence[int] = (224, 224, 3),
    form: str = "normalized",
    auxiliary: bool = False,
    dropout: float = 0.2,
    small_images: bool = False,
) -> Model:
    """GoogLeNet (Inception v1) for images, not yet compiled.

    ``7x7x64 / 2, pool, 1x1x64, 3x3x192, pool, 2 modules, pool, 5 modules, pool, 2 modules, global
    average, classes, softmax``

    A module joins the channels of ``1x1``, ``3x3(1x1)``, ``5x5(1x1)`` and ``1x1(pool)``.

    Args:
        classes: Number of outputs, at least 1. Default 1000.
        input_shape: Height, width and channels. Default (224, 224, 3).
        form: "normalized" (default): batch normalization behind each convolution, and 3x3 in place
            of 5x5 filters, as in torchvision: 6,624,904 trainable parameters. "paper": biases and
            5x5, without the paper's local response normalization: 6,998,552.
        auxiliary: Two more outputs, of the same classes, from the middle of the network. Training
            adds their losses: ``compile(..., loss_weights=[1, 0.3, 0.3])``, fit with
            ``[y, y, y]``. Default False: one output.
        dropout: Share of the features that training drops before the last layer. Default 0.2, as in
            torchvision; 0.4 in the paper.
        small_images: Start with one 3x3x192 convolution at stride 1 and no pooling, as is usual for
            CIFAR's 32 x 32 pixels. Default False.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Szegedy et al., CVPR 2015.

    >>> from brasa.models import googlenet
    >>> googlenet(10, (32, 32, 3), small_images=True).count_params()
    5505290
    """
    paper = find("googlenet: form", form, {"normalized": False, "paper": True})
    unit = _biased if paper else _normalized
    module = partial(_inception, conv=unit, wide=5 if paper else 3)
    image = layers.Input(input_shape)
    x = unit(image, 192, 3) if small_images else _stem(image, unit)
    sides = []
    for stage, modules in _STAGES.items():
        if stage > 3:
            x = layers.MaxPooling2D(2 if stage == 5 and not paper else 3, 2, padding="same")(x)
        for number, filters in enumerate(modules, 1):
            x = module(x, filters)
            if auxiliary and (stage, number) in _AUXILIARY:
                sides.append(_side(x, classes, unit))
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x) if dropout else x
    y = layers.Dense(classes, activation="softmax")(x)
    return Model(image, [y, *sides], name="googlenet")


def _normalized(x: Any, filters: int, size: int, stride: int = 1) -> Any:
    return normalize(conv(x, filters, size, stride), "relu", epsilon=1e-3)


def _biased(x: Any, filters: int, size: int, stride: int = 1) -> Any:
    return layers.Activation("relu")(conv(x, filters, size, stride, use_bias=True))


def _stem(image: Any, conv: Conv) -> Any:
    x = layers.MaxPooling2D(3, 2, padding="same")(conv(image, 64, 7, 2))
    return layers.MaxPooling2D(3, 2, padding="same")(conv(conv(x, 64, 1), 192, 3))


def _inception(x: Any, filters: Sequence[int], conv: Conv, wide: int) -> Any:
    one, three_in, three, five_in, five, pooled = filters
    pool = layers.MaxPooling2D(3, 1, padding=1)(x)
    branches = [
        conv(x, one, 1),
        conv(conv(x, three_in, 1), three, 3),
        conv(conv(x, five_in, 1), five, wide),
        conv(pool, pooled, 1),
    ]
    return layers.Concatenate()(branches)


def _side(x: Any, classes: int, conv: Conv) -> Any:
    """An auxiliary classifier: ``pool 5 / 3, 1x1x128, 1024, classes``."""
    x = conv(layers.AveragePooling2D(5, 3)(x), 128, 1)
    x = layers.Dense(1024, "relu", kernel_initializer="he_normal")(layers.Flatten()(x))
    x = layers.Dropout(0.7)(x)
    return layers.Dense(classes, activation="softmax")(x)
