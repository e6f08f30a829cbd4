"""A generator and a discriminator of images that train against each other.

In turns the discriminator learns to tell real images from generated ones, and the generator to make
images that it takes for real. The second model has the discriminator's layers, frozen, on top of
the generator's:

    generator, discriminator = gan_generator(), gan_discriminator()
    discriminator.compile(Adam(2e-4, beta_1=0.5), "binary_crossentropy")
    discriminator.trainable = False  # counts from compile on, so the line above still trains
    noise = Input((64,))
    adversary = Model(noise, discriminator(generator(noise)))
    adversary.compile(Adam(2e-4, beta_1=0.5), "binary_crossentropy")
    for images in batches:  # float32 (N, 28, 28, 1) in [-1, 1]
        z = random.standard_normal((len(images), 64), dtype="float32")
        discriminator.train_on_batch(images, ones)
        discriminator.train_on_batch(generator.predict_on_batch(z), zeros)
        adversary.train_on_batch(z, ones)
"""

from __future__ import annotations

from collections.abc import Sequence

from brasa import Sequential, layers
from brasa.models.images import quarters

_SLOPE = 0.2  # of LeakyReLU, as in the paper


def gan_generator(
    noise: int = 64, output_shape: Sequence[int] = (28, 28, 1), filters: int = 64
) -> Sequential:
    """A generator of images from noise, not yet compiled; the module says how to train it.

    ``dense, bn, 2 times (upsampling 2, 3x3, bn), 3x3xC, tanh``, with ReLU behind each bn

    Upsampling and a convolution, in place of the paper's transposed one, draw no checkerboards.

    Args:
        noise: Random numbers that an image is made of, (N, noise). Default 64.
        output_shape: Height and width, multiples of 4, and channels. Default (28, 28, 1).
        filters: Of the last hidden convolution; the one before has twice, the start four times as
            many. Default 64.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Radford, Metz & Chintala, ICLR 2016; Odena, Dumoulin & Olah, Distill 2016.

    >>> from brasa.models import gan_generator
    >>> model = gan_generator()
    >>> model.output_shape, model.count_params()
    ((None, 28, 28, 1), 1173825)
    """
    image = layers.Input(output_shape)
    height, width, channels = quarters("gan_generator", "output_shape", image.shape[1:])
    return Sequential(
        [
            layers.Input((noise,)),
            layers.Dense(height * width * 4 * filters, use_bias=False),
            layers.Reshape((height, width, 4 * filters)),
            *_normal(),
            layers.UpSampling2D(2),
            layers.Conv2D(2 * filters, 3, padding="same", use_bias=False),
            *_normal(),
            layers.UpSampling2D(2),
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            *_normal(),
            layers.Conv2D(channels, 3, padding="same", activation="tanh"),
        ],
        name="gan_generator",
    )


def gan_discriminator(
    input_shape: Sequence[int] = (28, 28, 1), filters: int = 64, dropout: float = 0.3
) -> Sequential:
    """How real images are, (N, 1) in (0, 1), not yet compiled; the module says how to train it.

    ``3x3xfilters / 2, 3x3x(2 filters) / 2, 1, sigmoid``, with LeakyReLU and dropout

    Args:
        input_shape: Height and width, multiples of 4, and channels. Default (28, 28, 1).
        filters: Of the first convolution. Default 64.
        dropout: Share of the values that training drops behind each convolution. Default 0.3.

    Raises:
        ValueError: an argument is out of range. TypeError: it is of another type.

    Source: Radford, Metz & Chintala, ICLR 2016.

    >>> from brasa.models import gan_discriminator
    >>> gan_discriminator().count_params()
    80769
    """
    image = layers.Input(input_shape)
    quarters("gan_discriminator", "input_shape", image.shape[1:])
    network: list[layers.Layer] = []
    for size in (filters, 2 * filters):
        network += [layers.Conv2D(size, 3, strides=2, padding="same"), layers.LeakyReLU(_SLOPE)]
        network += [layers.Dropout(dropout)] if dropout else []
    head = [layers.Flatten(), layers.Dense(1, activation="sigmoid")]
    return Sequential([image, *network, *head], name="gan_discriminator")


def _normal() -> list[layers.Layer]:
    return [layers.BatchNormalization(momentum=0.9), layers.ReLU()]
