"""The shares of dead and of saturated units, counted anew in NumPy."""

import numpy as np
import pytest

from brasa import Sequential, layers


def test_dead_relus_are_counted_exactly(rng):
    bias = np.where(np.arange(40) % 5 == 0, -100.0, 0.0).astype(np.float32)
    model = Sequential(
        [
            layers.Dense(40, "relu", name="first"),
            layers.Dense(8, name="linear"),
            layers.ReLU(name="second"),
            layers.Dense(2, "softmax", name="out"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = rng.standard_normal((32, 5)).astype(np.float32)
    y = rng.integers(0, 2, 32)
    model.predict(x)
    w, _ = model.get_layer("first").get_weights()
    model.get_layer("first").set_weights([w, bias])
    found = model.diagnose(x, y)
    hidden = np.maximum(x @ w + bias, 0)
    assert found.layer("first").dead == (hidden == 0).all(axis=0).mean() >= 8 / 40
    w2, b2 = model.get_layer("linear").get_weights()
    last = np.maximum(hidden @ w2 + b2, 0)
    assert found.layer("second").dead == (last == 0).all(axis=0).mean()
    assert found.layer("linear").dead is None
    assert found.layer("out").dead is None
    # Fewer than 16 samples say nothing about a unit.
    assert model.diagnose(x[:15], y[:15]).layer("first").dead is None
    assert model.diagnose(x[:16], y[:16]).layer("first").dead >= 8 / 40


def test_a_channel_of_a_convolution_is_dead_where_it_is_0_at_every_position(rng):
    model = Sequential([layers.Conv2D(8, 3, activation="relu", name="conv", input_shape=(6, 6, 1))])
    model.compile("sgd", "mse")
    w, _ = model.get_layer("conv").get_weights()
    model.get_layer("conv").set_weights([w, [-99, 0, 0, -99, 0, 0, 0, 0]])
    x = rng.standard_normal((2, 6, 6, 1)).astype(np.float32)  # 32 positions
    y = model.predict(x)
    found = model.diagnose(x, np.zeros_like(y))
    assert found.layer("conv").dead == (y == 0).all(axis=(0, 1, 2)).mean() == 2 / 8


@pytest.mark.parametrize("kind", ["sigmoid", "tanh"])
def test_saturated_activations_are_counted_exactly(kind, rng):
    model = Sequential(
        [layers.Dense(50, kind, name="hidden"), layers.Dense(1, "sigmoid", name="out")]
    )
    model.compile("sgd", "binary_crossentropy")
    # All sums are multiples of 1/4: none is near the borders, 4.36 and 2.18.
    x = rng.integers(-6, 7, (64, 5)) / 4
    w = rng.integers(-2, 3, (5, 50)).astype(np.float64)
    model.predict(x)
    model.get_layer("hidden").set_weights([w, np.zeros(50)])
    found = model.diagnose(x, rng.integers(0, 2, 64))
    a = x @ w
    slope = 1 / (4 * np.cosh(a / 2) ** 2) if kind == "sigmoid" else 1 / np.cosh(a) ** 2
    flat = slope < 0.05 * (0.25 if kind == "sigmoid" else 1)
    assert found.layer("hidden").saturated == flat.mean()
    assert 0 < flat.mean() < 1
    assert found.layer("out").saturated is None  # the loss takes the logits: nothing is lost
