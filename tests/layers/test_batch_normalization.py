"""BatchNormalization: statistics, its state in a model, saving."""

import numpy as np
import pytest

import brasa
from brasa import layers


def model_of(**options):
    return brasa.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(5, name="dense"),
            layers.BatchNormalization(name="bn", **options),
            layers.ReLU(),
            layers.Dense(1),
        ]
    )


def data(rng):
    x = rng.normal(size=(32, 6)).astype(np.float32)
    return x, x[:, :1] * 2


def test_weights_come_in_kerass_order():
    layer = model_of().layers[-3]
    assert [p.name for p in layer.weights] == [
        "bn/gamma", "bn/beta", "bn/moving_mean", "bn/moving_variance"
    ]  # fmt: skip
    assert [p.name for p in layer.trainable_weights] == ["bn/gamma", "bn/beta"]


def test_a_step_moves_the_statistics_and_nothing_else_does(rng):
    model = model_of(momentum=0.75)
    model.compile(optimizer="sgd", loss="mse")
    x, y = data(rng)
    bn = next(layer for layer in model.layers if layer.name == "bn")
    dense = next(layer for layer in model.layers if layer.name == "dense")
    hidden = dense(x)
    before = bn.get_weights()
    model.predict(x)
    model.evaluate(x, y)
    model.compute_gradients(x, y)
    for got, want in zip(bn.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, want)
    model.train_on_batch(x, y)
    np.testing.assert_allclose(bn.get_weights()[2], 0.25 * hidden.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(bn.get_weights()[3], 0.75 + 0.25 * hidden.var(0), rtol=1e-4)


def test_loss_falls_and_a_saved_model_predicts_the_same_bits(rng, tmp_path):
    model = model_of()
    model.compile(optimizer="adam", loss="mse")
    x, y = data(rng)
    losses = model.fit(x, y, epochs=30, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0] * 0.9
    model.save(tmp_path / "m.brasa")
    loaded = brasa.load_model(tmp_path / "m.brasa")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


def test_a_frozen_layer_keeps_its_statistics(rng):
    model = model_of(trainable=False)
    model.compile(optimizer="sgd", loss="mse")
    before = next(layer for layer in model.layers if layer.name == "bn").get_weights()
    model.train_on_batch(*data(rng))
    after = next(layer for layer in model.layers if layer.name == "bn").get_weights()
    for got, want in zip(after, before, strict=True):
        np.testing.assert_array_equal(got, want)


def test_only_the_last_axis():
    with pytest.raises(ValueError, match="last axis"):
        layers.BatchNormalization(axis=1)(np.zeros((2, 3, 4), np.float32))
