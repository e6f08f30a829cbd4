"""RMSNormalization, and Normalization the other way round, beside Keras."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, load_model
from tests.with_keras import keras


def test_keeps_the_contract(check_layer):
    for axis, shape in ((-1, (3,)), ([1, 2], (4, 3)), (1, (4,))):
        layer = layers.RMSNormalization(axis)
        check_layer(layer, (4, 3), output=(4, 3), weights=[("scale", shape)])


@pytest.mark.parametrize("axis", [-1, 1, [1, 2], (2, 3), [-1, 1]])
def test_is_the_formula(axis, rng, tmp_path):
    x = (rng.standard_normal((3, 4, 5, 2)) * 3 + 1).astype(np.float32)
    model = Sequential([Input((4, 5, 2)), layers.RMSNormalization(axis, 0.01)])
    axes = tuple(sorted(a % 4 for a in (axis if isinstance(axis, (list, tuple)) else [axis])))
    scale = rng.standard_normal([x.shape[a] for a in axes]).astype(np.float32)
    model.set_weights([scale])
    mean = (x.astype(np.float64) ** 2).mean(axis=axes, keepdims=True)
    want = x / np.sqrt(mean + 0.01) * np.expand_dims(scale, [a for a in range(4) if a not in axes])
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.layers[0](x), want, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.brasa")
    again = load_model(tmp_path / "model.brasa").predict(x)
    np.testing.assert_allclose(again, want, rtol=1e-4, atol=1e-5)


def test_is_that_of_keras(rng):
    x = rng.standard_normal((3, 4, 5)).astype(np.float32)
    ours, theirs = layers.RMSNormalization(), keras().layers.RMSNormalization()
    for layer in (ours, theirs):
        layer.build(x.shape)
        layer.set_weights([np.float32([1, -2, 0.5, 3, 0])])
    np.testing.assert_allclose(ours(x), np.asarray(theirs(x)), rtol=1e-5, atol=1e-6)
    assert ours.epsilon == theirs.epsilon


def test_gradients(rng):
    x = rng.standard_normal((6, 5)).astype(np.float32)
    y = rng.standard_normal((6, 5)).astype(np.float32)
    model = Sequential([layers.RMSNormalization(input_shape=(5,))])
    model.compile("sgd", "mse")
    unit = x / np.sqrt((x.astype(np.float64) ** 2).mean(axis=1, keepdims=True) + 1e-6)
    want = (2 * (unit - y) * unit).sum(axis=0) / x.size
    np.testing.assert_allclose(model.compute_gradients(x, y)[1][0], want, rtol=1e-4, atol=1e-6)


def test_masks_pass(rng):
    ids = Input((4,), dtype="int32")
    h = layers.RMSNormalization()(layers.Embedding(5, 3, mask_zero=True)(ids))
    model = Model(ids, layers.LSTM(2)(h))
    y = model.predict(np.array([[1, 2, 0, 0], [1, 2, 3, 0]]))
    shorter = model.predict(np.array([[1, 2, 0, 0]]))
    np.testing.assert_allclose(y[:1], shorter, rtol=1e-5)
    assert np.abs(y[0] - y[1]).max() > 1e-6


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-1, 0.0), ValueError, "epsilon must be > 0"),
        ((-1, "a"), TypeError, "epsilon must be a number"),
        ((0,), ValueError, "axis must name each axis once"),
        ((3,), ValueError, "axis must name each axis once"),
        (([1, -1],), ValueError, "axis must name each axis once"),
        ((1.0,), TypeError, "axis must be a whole number"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        layers.RMSNormalization(*arguments)(np.ones((2, 3), np.float32))


@pytest.mark.parametrize("adapted", [False, True])
def test_normalization_inverted(adapted, rng):
    x = (rng.standard_normal((50, 3)) * [1, 4, 0.1] + [5, 0, -2]).astype(np.float32)
    given = {} if adapted else {"mean": [1.0, 2.0, 3.0], "variance": [4.0, 0.0, 6.0]}
    ours, theirs = (lib.Normalization(invert=True, **given) for lib in (layers, keras().layers))
    if adapted:
        ours.adapt(x)
        theirs.adapt(x)
    np.testing.assert_allclose(ours(x), np.asarray(theirs(x)), rtol=1e-4, atol=1e-5)
    again = layers.Normalization.from_config(ours.get_config())
    assert again.invert
    if adapted:
        there = layers.Normalization()
        there.adapt(x)
        np.testing.assert_allclose(ours(there(x)), x, rtol=1e-4, atol=1e-4)
