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
