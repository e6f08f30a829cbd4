"""A convolutional autoencoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import Model, layers
from brasa.layers.arguments import positive_pair
from brasa.models.images import quarters


def autoencoder(
    input_shape: Sequence[int] = (28, 28, 1),
    code: int = 32,
    filters: tuple[int, int] = (32, 64),
) -> Model:
    """A convolutional autoencoder for images, not yet compiled: fit it with ``(x, x)``.

    ``3x3xfilters[0] / 2, 3x3xfilters[1] / 2, code; dense, 2 times (upsampling 2, 3x3), 3x3xC,
    sigmoid``

    Pixels are in [0, 1]; "binary_crossentropy" and "mse" are usual losses. The code is the output
    of the layer "code": ``Model(model.input, model.get_layer("code").output)`` is the encoder.

    Args:
        input_shape: Height and width, multiples of 4, and channels. Default (28, 28, 1).
        code: Numbers that an image is brought down to. Default 32.
        filters: Of the two convolutions on the way down; on the way up in the opposite order.
            Default (32, 64).

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Hinton & Salakhutdinov, Science 313, 2006, with convolutions.

    >>> from brasa import Model
    >>> from brasa.models import autoencoder
    >>> model = autoencoder()
    >>> model.count_params(), Model(model.input, model.get_layer("code").output).output_shape
    (278369, (None, 32))
    """
    image = layers.Input(input_shape)
    height, width, channels = quarters("autoencoder", "input_shape", image.shape[1:])
    first, second = positive_pair("autoencoder", "filters", filters)
    x = _conv(image, first, 2)
    x = layers.Flatten()(_conv(x, second, 2))
    x = layers.Dense(code, name="code")(x)
    x = layers.Dense(height * width * second, "relu", kernel_initializer="he_normal")(x)
    x = layers.Reshape((height, width, second))(x)
    for size in (second, first):
        x = _conv(layers.UpSampling2D(2)(x), size, 1)
    y = layers.Conv2D(channels, 3, padding="same", activation="sigmoid")(x)
    return Model(image, y, name="autoencoder")


def _conv(x: Any, filters: int, stride: int) -> Any:
    return layers.Conv2D(
        filters,
        3,
        strides=stride,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
    )(x)
