"""Training goes on in brasa where Keras left it, and in Keras where brasa left it."""

import numpy as np
import pytest

import brasa
from tests.keras_files.networks import built, keras_names
from tests.with_keras import keras

h5py = pytest.importorskip("h5py")
KERAS = keras()

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

OPTIMIZERS = {
    "SGD": {"learning_rate": 0.1, "momentum": 0.9},
    "plain": {"learning_rate": 0.1},
    "Adam": {"amsgrad": True},
    "AdamW": {"weight_decay": 0.1},
    "Adamax": {},
    "Adagrad": {},
    "Adadelta": {},
    "Lion": {},
    "Ftrl": {"learning_rate": 0.1, "l1_regularization_strength": 0.01},
    "Lamb": {"learning_rate": 0.02},
    "RMSprop": {"momentum": 0.8, "centered": True},
}


def made(module, name):
    """The optimizer of either library."""
    return getattr(module, "SGD" if name == "plain" else name)(**OPTIMIZERS[name])


def assert_alike(ours, theirs):
    """All weights within the rounding of a few steps, of which one is about 1e-3."""
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_from_the_other_librarys_file(name, tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 4)).astype("f"), rng.standard_normal((6, 2)).astype("f")
    theirs = built(keras_names(KERAS), "nested")
    theirs.compile(made(KERAS.optimizers, name), "mse")
    for _ in range(3):
        theirs.train_on_batch(x, y)
    theirs.save(tmp_path / "net.keras")
    ours = brasa.load_model(tmp_path / "net.keras")
    assert ours.optimizer.iterations == 3
    for _ in range(2):
        theirs.train_on_batch(x, y)
        ours.train_on_batch(x, y)
    assert_alike(ours, theirs)
    ours.save(tmp_path / "back.keras")
    flat = KERAS.saving.load_model(tmp_path / "back.keras")
    assert int(flat.optimizer.iterations.value) == 5
    for _ in range(2):
        flat.train_on_batch(x, y)
        ours.train_on_batch(x, y)
    assert_alike(ours, flat)
