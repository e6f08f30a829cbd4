"""Dropout that keeps mean and variance."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers, ops, optimizers
from tests.with_keras import keras

LOWEST = -1.7580993408473766  # what SELU tends to on the left


def parts(rate):
    a = ((1 - rate) * (1 + rate * LOWEST**2)) ** -0.5
    return a, -a * LOWEST * rate


def test_keeps_the_contract(check_layer):
    x, y = check_layer(layers.AlphaDropout(0.5, seed=3), (6, 5), output=(6, 5))
    assert y is x  # outside training


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_values_stay_but_for_a_line_or_become_the_lowest(rate, rng):
    x = rng.standard_normal((4, 20000)).astype(np.float32)
    y = layers.AlphaDropout(rate, seed=1)(x, training=True)
    a, b = parts(rate)
    dropped = np.abs(y - (a * LOWEST + b)) < 1e-5
    assert dropped.mean() == pytest.approx(rate, abs=5 * 0.5 / np.sqrt(x.size))
    np.testing.assert_allclose(y[~dropped], (a * x + b)[~dropped], rtol=1e-4, atol=1e-5)
    assert abs(y.mean()) < 0.03
    assert y.std() == pytest.approx(1, abs=0.03)
    assert np.array_equal(layers.AlphaDropout(rate, seed=1)(x, training=True), y)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_gives_the_two_values_that_keras_gives(rate):
    x = np.full((8, 100), 0.75, np.float32)
    ours = layers.AlphaDropout(rate, seed=1)(x, training=True)
    theirs = np.asarray(keras().layers.AlphaDropout(rate, seed=1)(x, training=True))
    np.testing.assert_allclose(
        sorted({*ours.round(4).ravel().tolist()}), sorted({*theirs.round(4).ravel().tolist()}),
        atol=2e-4,
    )  # fmt: skip
    assert len(set(ours.ravel().tolist())) == 2


def test_one_mask_for_all_steps(rng):
    x = np.ones((3, 7, 50), np.float32)
    y = layers.AlphaDropout(0.5, noise_shape=(None, 1, 50), seed=2)(x, training=True)
    assert (y == y[:, :1]).all()
    assert len(np.unique(y[:, 0])) == 2


def test_a_gradient_passes_where_a_value_did():
    brasa.set_seed(3)
    stack = [layers.Dense(64, use_bias=False), layers.AlphaDropout(0.5, seed=2)]
    model = Sequential([Input((1,)), *stack])
    model.compile(optimizers.SGD(0.0), lambda y, p: ops.mean(p, axis=-1))
    (gradient,) = model.compute_gradients(np.ones((1, 1)), np.zeros((1, 64)))[1]
    a, _ = parts(0.5)
    passed = gradient != 0
    assert 10 < passed.sum() < 54
    np.testing.assert_allclose(gradient[passed], a / 64, rtol=1e-5)
    assert np.array_equal(model.predict(np.ones((1, 1))), model.get_weights()[0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-0.1,), ValueError, r"rate must be in \[0, 1\)"),
        ((1,), ValueError, r"rate must be in \[0, 1\)"),
        (("a",), TypeError, "rate must be"),
        ((0.5, 3), TypeError, "noise_shape must be a tuple"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=f"AlphaDropout: {message}"):
        layers.AlphaDropout(*arguments)
