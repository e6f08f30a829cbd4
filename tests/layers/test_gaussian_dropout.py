"""Noise that multiplies."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers, optimizers


def test_keeps_the_contract(check_layer):
    x, y = check_layer(layers.GaussianDropout(0.5, seed=3), (6, 5), output=(6, 5))
    assert y is x  # outside training


def test_noise_is_around_1_with_the_variance_of_dropout():
    layer = layers.GaussianDropout(0.8, seed=1)
    x = np.full((4, 5000), 3.0, np.float32)
    first, second = layer(x, training=True) / 3, layer(x, training=True) / 3
    bound = 5 * 2 / np.sqrt(x.size)  # five deviations of the mean of so many
    assert abs(first.mean() - 1) < bound
    assert abs(first.std() - 2) < 2 * bound
    assert abs(((first - 1) * (second - 1)).mean()) < 4 * bound
    assert np.array_equal(layers.GaussianDropout(0.8, seed=1)(x, training=True) / 3, first)


def test_a_gradient_is_multiplied_by_the_same_noise():
    brasa.set_seed(3)
    stack = [layers.Dense(8, use_bias=False), layers.GaussianDropout(0.5, seed=2)]
    model = Sequential([Input((1,)), *stack])
    model.compile(optimizers.SGD(0.0), "mse")
    ones, zeros = np.ones((1, 1)), np.zeros((1, 8))
    (kernel,) = model.get_weights()
    loss, (gradient,) = model.compute_gradients(ones, zeros)
    factors = np.sqrt(gradient * 8 / (2 * kernel))  # d mean (w f)^2 / dw = 2 w f^2 / 8
    np.testing.assert_allclose(loss, ((kernel * factors) ** 2).mean(), rtol=1e-5)
    assert factors.std() > 0.1
    assert np.array_equal(model.predict(ones), kernel)


@pytest.mark.parametrize(("rate", "error"), [(-0.1, ValueError), (1, ValueError), ("a", TypeError)])
def test_a_rate_must_be_one(rate, error):
    with pytest.raises(error, match="GaussianDropout: rate"):
        layers.GaussianDropout(rate)
