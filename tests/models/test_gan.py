"""A generator and a discriminator train against each other on the digits."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, optimizers
from brasa.models import gan_discriminator, gan_generator

NOISE, BATCH, STEPS = 16, 32, 150


@pytest.fixture
def digits():
    (x, _), _ = brasa.datasets.load_digits()
    return x.astype(np.float32) / 8 - 1


def pair():
    """Generator, discriminator, and the adversary: the first with the frozen second on top."""
    brasa.set_seed(3)
    generator = gan_generator(NOISE, (8, 8, 1), 16)
    discriminator = gan_discriminator((8, 8, 1), 16)
    discriminator.compile(optimizers.Adam(1e-3, beta_1=0.5), "binary_crossentropy")
    discriminator.trainable = False
    noise = Input((NOISE,))
    adversary = Model(noise, discriminator(generator(noise)))
    adversary.compile(optimizers.Adam(1e-3, beta_1=0.5), "binary_crossentropy")
    return generator, discriminator, adversary


def statistics(images):
    """The mean image, and how much images differ from it."""
    return images.mean(0), images.std(0)


def distance(a, b):
    return float(np.sqrt(((a - b) ** 2).mean()))


def test_each_step_changes_the_weights_of_its_own_network(digits):
    generator, discriminator, adversary = pair()
    z = np.random.default_rng(0).standard_normal((BATCH, NOISE), np.float32)

    def changes(step):
        before = generator.get_weights(), discriminator.get_weights()
        step()
        after = generator.get_weights(), discriminator.get_weights()
        return [
            [not np.array_equal(a, b) for a, b in zip(*both, strict=True)]
            for both in zip(before, after, strict=True)
        ]

    of_first, of_second = changes(
        lambda: discriminator.train_on_batch(digits[:BATCH], np.ones(BATCH))
    )
    assert not any(of_first)
    assert all(of_second)
    of_first, of_second = changes(lambda: adversary.train_on_batch(z, np.ones(BATCH)))
    assert all(of_first)  # the moving statistics, too
    assert not any(of_second)


def test_generated_digits_approach_the_real_ones(digits):
    generator, discriminator, adversary = pair()
    random = np.random.default_rng(0)

    def noise(count):
        return random.standard_normal((count, NOISE), np.float32)

    probe = noise(256)
    mean, spread = statistics(digits)
    first = statistics(generator.predict_on_batch(probe))
    real = []
    for _ in range(STEPS):
        images = digits[random.integers(0, len(digits), BATCH)]
        real.append(float(discriminator.train_on_batch(images, np.ones(BATCH))))
        discriminator.train_on_batch(generator.predict_on_batch(noise(BATCH)), np.zeros(BATCH))
        adversary.train_on_batch(noise(BATCH), np.ones(BATCH))
    last = statistics(generator.predict_on_batch(probe))
    # The discriminator learns first, then neither is ahead: a loss of ln 2 says that it guesses.
    assert min(real) < 0.6 * real[0]
    assert abs(np.mean(real[-20:]) - np.log(2)) < 0.15
    # Half of the way or so; with another 150 steps it is two thirds.
    assert distance(last[0], mean) < 0.75 * distance(first[0], mean)
    assert distance(last[1], spread) < 0.75 * distance(first[1], spread)
