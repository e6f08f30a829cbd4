"""Whole models that Keras wrote are read here."""

import numpy as np
import pytest

import brasa
from tests.keras_files.networks import NETWORKS, batch, built, keras_names, shake
from tests.with_keras import keras

h5py = pytest.importorskip("h5py")
KERAS = keras()

pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*mask:UserWarning"),
]


def assert_close(ours, theirs):
    """Sums of a few dozen products in float32, in another order, through a few layers."""
    pairs = zip(*(x if isinstance(x, list) else [x] for x in (ours, theirs)), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_model_of_keras_predicts_the_same(name, tmp_path):
    theirs = shake(built(keras_names(KERAS), name))
    theirs.compile(KERAS.optimizers.Adam(0.003, beta_1=0.8), "mse")
    theirs.save(tmp_path / "net.keras")
    if name == "standard":  # a Normalization takes its statistics when it is loaded
        theirs = KERAS.saving.load_model(tmp_path / "net.keras")
    ours = brasa.load_model(tmp_path / "net.keras")
    assert ours.name == theirs.name
    assert ours.optimizer.learning_rate == pytest.approx(0.003)
    assert_close(ours.predict(batch(ours)), theirs.predict(batch(ours), verbose=0))


@pytest.mark.parametrize("name", NETWORKS)
def test_keras_reads_the_models_that_brasa_writes(name, tmp_path):
    ours = shake(built(brasa, name))
    ours.compile(brasa.optimizers.Adam(0.003, beta_1=0.8), "mse", metrics=["mae"])
    ours.save(tmp_path / "net.keras")
    theirs = KERAS.saving.load_model(tmp_path / "net.keras")
    assert theirs.name == ours.name
    assert float(theirs.optimizer.learning_rate.value) == pytest.approx(0.003)
    assert theirs.loss.name == "mean_squared_error" if len(ours.outputs) == 1 else theirs.loss
    assert_close(ours.predict(batch(ours)), theirs.predict(batch(ours), verbose=0))


def test_other_parts_go_there_and_come_back(tmp_path):
    """Slices, several outputs with names, schedules."""
    x = brasa.Input((4, 3))
    last = (2 * x + 1)[:, -1]
    dense = brasa.layers.Dense(2, kernel_initializer="he_normal", kernel_constraint="non_neg")
    ours = brasa.Model(x, {"a": dense(last), "b": brasa.layers.Dense(1)(last)})
    rate = brasa.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    ours.compile(brasa.optimizers.SGD(rate, momentum=0.9), {"a": "mse", "b": "mae"})
    ours.save(tmp_path / "net.keras")
    theirs = KERAS.saving.load_model(tmp_path / "net.keras")
    said, wanted = theirs.predict(batch(ours), verbose=0), ours.predict(batch(ours))
    again = brasa.load_model(tmp_path / "net.keras").predict(batch(ours))
    for key in ("a", "b"):
        assert_close(said[key], wanted[key])
        np.testing.assert_array_equal(again[key], wanted[key])
