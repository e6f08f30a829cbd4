"""Weights that Keras wrote are read here, and those written here are read there."""

import numpy as np
import pytest

import brasa
from brasa.testing.assertions import assert_same_bits
from tests.keras_files.networks import NETWORKS, batch, built, keras_names, shake
from tests.with_keras import keras

h5py = pytest.importorskip("h5py")
KERAS = keras()

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*mask:UserWarning"),
    pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer"),
]


def assert_close(ours, theirs):
    """Sums of a few dozen products in float32, in another order, through a few layers."""
    pairs = zip(*(x if isinstance(x, list) else [x] for x in (ours, theirs)), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_go_from_keras_to_brasa_and_back(name, tmp_path):
    theirs, ours = built(keras_names(KERAS), name), built(brasa, name)
    theirs.compile("adam", "mse")
    shake(theirs).save_weights(tmp_path / "net.weights.h5")
    theirs.save(tmp_path / "net.keras")
    theirs.load_weights(tmp_path / "net.weights.h5")  # a Normalization sees them only now
    ours.load_weights(tmp_path / "net.weights.h5")
    assert_close(ours.predict(batch(ours)), theirs.predict(batch(ours), verbose=0))
    read = ours.get_weights()
    shake(ours, seed=5).load_weights(tmp_path / "net.keras")
    assert_same_bits(ours.get_weights(), read)
    shake(ours, seed=6).save_weights(tmp_path / "back.weights.h5")
    theirs.load_weights(tmp_path / "back.weights.h5")
    theirs.predict_function = None  # else it has the statistics of a Normalization as they were
    assert_close(ours.predict(batch(ours)), theirs.predict(batch(ours), verbose=0))


def own_network(lib, L, base):
    """A model with a call of its own, a layer made of layers, and a list of them."""

    class Block(base):
        def __init__(self, units, **options):
            super().__init__(**options)
            self.units = units
            self.wide, self.narrow = L.Dense(2 * units, activation="relu"), L.Dense(units)

        def build(self, shape):
            self.scale = self.add_weight(name="scale", shape=(self.units,), initializer="ones")

        def call(self, x):
            return self.narrow(self.wide(x)) * self.scale

    class Net(lib.Model):
        def __init__(self):
            super().__init__()
            self.start = L.Dense(3)
            self.blocks = [Block(3), Block(3)]
            self.out = L.Dense(1)

        def call(self, x):
            y = self.start(x)
            for block in self.blocks:
                y = y + block(y)
            return self.out(y)

    return Net()


def test_models_with_a_call_of_their_own(tmp_path):
    names = keras_names(KERAS)
    theirs = own_network(names, names.layers, KERAS.layers.Layer)
    ours = own_network(brasa, brasa.layers, brasa.layers.Layer)
    x = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    theirs(x)
    shake(theirs).save_weights(tmp_path / "net.weights.h5")
    ours.predict(x)
    ours.load_weights(tmp_path / "net.weights.h5")
    assert_close(ours.predict(x), theirs.predict(x, verbose=0))
    shake(ours, seed=5).save_weights(tmp_path / "back.weights.h5")
    theirs.load_weights(tmp_path / "back.weights.h5")
    assert_close(ours.predict(x), theirs.predict(x, verbose=0))
