"""Normalizations along other axes than the last, beside Keras and by their definition."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers
from tests.with_keras import keras

CASES = {
    "batch, channels first": ("BatchNormalization", {"axis": 1, "momentum": 0.8}),
    "batch, the middle": ("BatchNormalization", {"axis": -2, "scale": False}),
    "layer, one axis": ("LayerNormalization", {"axis": 1}),
    "layer, apart": ("LayerNormalization", {"axis": [1, 3]}),
    "group, channels first": ("GroupNormalization", {"groups": 2, "axis": 1}),
    "group, instances": ("GroupNormalization", {"groups": -1, "axis": -2}),
}


def network(lib, name):
    """A convolution on either side of the layer, as a plan may meet it."""
    kind, arguments = CASES[name]
    L = lib.layers
    return lib.Sequential(
        [
            L.InputLayer((4, 6, 3)),
            L.Conv2D(5, 3, padding="same"),
            getattr(L, kind)(**arguments),
            L.Activation("relu"),
            L.Conv2D(2, 3),
        ]
    )


def start(model):
    rng = np.random.default_rng(3)
    values = [rng.uniform(0.1, 0.6, w.shape).astype(np.float32) for w in model.get_weights()]
    model.set_weights(values)
    return model


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CASES)
def test_predicts_and_trains_as_keras_does(name, rng, tmp_path):
    theirs, ours = start(network(keras(), name)), start(network(brasa, name))
    x = rng.standard_normal((6, 4, 6, 3)).astype(np.float32)
    y = rng.standard_normal((6, 2, 4, 2)).astype(np.float32)
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    theirs.compile(keras().optimizers.SGD(0.05), "mse")
    ours.compile(brasa.optimizers.SGD(0.05), "mse")
    for _ in range(3):
        loss = float(theirs.train_on_batch(x, y))
        assert ours.train_on_batch(x, y) == pytest.approx(loss, rel=1e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    after = ours.predict(x)
    np.testing.assert_allclose(after, theirs.predict(x, verbose=0), rtol=1e-3, atol=1e-4)
    ours.save(tmp_path / "net.brasa")
    assert np.array_equal(brasa.load_model(tmp_path / "net.brasa").predict(x), after)
    copy = brasa.models.clone_model(ours)
    copy.set_weights(ours.get_weights())
    assert np.array_equal(copy.predict(x), after)


@pytest.mark.parametrize("name", CASES)
def test_is_what_the_last_axis_gives_after_a_transposition(name, rng):
    kind, arguments = CASES[name]
    x = rng.standard_normal((5, 4, 6, 3)).astype(np.float32)
    layer = getattr(layers, kind)(**arguments)
    given = layer.axis if isinstance(layer.axis, list) else [layer.axis]
    last = sorted(axis % 4 for axis in given)
    order = [axis for axis in range(4) if axis not in last] + last
    end = list(range(-len(last), 0))
    twin = getattr(layers, kind)(**{**arguments, "axis": end if len(end) > 1 else -1})
    for training in (False, True):
        want = twin(x.transpose(order), training=training).transpose(np.argsort(order))
        np.testing.assert_allclose(layer(x, training=training), want, rtol=1e-6)
    assert [w.shape for w in layer.weights] == [w.shape for w in twin.weights]


def test_predictions_follow_statistics_that_were_set(rng):
    norm = layers.BatchNormalization(axis=1, epsilon=1e-6)
    model = Sequential([Input((2, 3)), norm])
    norm.set_weights(np.float32([[2, 3], [1, -1], [0.5, -0.5], [4, 0.25]]))
    x = rng.standard_normal((4, 2, 3)).astype(np.float32)
    want = [(x[:, 0] - 0.5) + 1, 6 * (x[:, 1] + 0.5) - 1]
    np.testing.assert_allclose(model.predict(x), np.stack(want, 1), rtol=1e-4, atol=1e-4)
