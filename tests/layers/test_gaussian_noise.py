"""Noise in training."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers


def test_keeps_the_contract(check_layer):
    x, y = check_layer(layers.GaussianNoise(0.5, seed=3), (6, 5), output=(6, 5))
    assert y is x  # outside training


def test_arrays_get_new_noise_with_each_call():
    zeros = np.zeros((4, 5000), np.float32)
    layer = layers.GaussianNoise(3.0, seed=1)
    first, second = layer(zeros, training=True), layer(zeros, training=True)
    assert abs(first.std() - 3) < 0.1
    assert abs((first * second).mean()) < 9 * 5 / np.sqrt(zeros.size)
    again = layers.GaussianNoise(3.0, seed=1)
    assert np.array_equal(again(zeros, training=True), first)


def test_a_model_trains_through_it_and_predicts_without():
    brasa.set_seed(3)
    x = np.random.default_rng(0).standard_normal((64, 8)).astype(np.float32)
    noisy = Sequential([Input((8,)), layers.GaussianNoise(0.1), layers.Dense(8)])
    noisy.compile("adam", "mse")
    losses = noisy.fit(x, x, epochs=60, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]
    assert np.array_equal(noisy.predict(x, verbose=0), noisy.layers[-1](x))
    # What fit told has the noise in it, what evaluate tells has not.
    assert noisy.evaluate(x, x, verbose=0) != losses[-1]


@pytest.mark.parametrize(
    ("stddev", "error"), [(-1, ValueError), (np.inf, ValueError), ("a", TypeError)]
)
def test_a_deviation_must_be_one(stddev, error):
    with pytest.raises(error, match="GaussianNoise: stddev"):
        layers.GaussianNoise(stddev)
