"""LayerNormalization: alone, in models, and against Keras's formula."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers
from brasa.testing import reference
from brasa.testing.assertions import assert_close, assert_same_bits
from tests.differences import one_entry, slope


@pytest.mark.parametrize(
    ("axis", "shape"), [(-1, (4, 5, 6)), (2, (4, 5)), ([-2, -1], (4, 5, 6)), ([3, 1, 2], (4, 5, 6))]
)
def test_keeps_the_contract(axis, shape, check_layer, rng):
    axes = len(axis) if isinstance(axis, list) else 1
    row = shape[-axes:]
    layer = layers.LayerNormalization(axis, epsilon=1e-5)
    x, y = check_layer(layer, shape, output=shape, weights=[("gamma", row), ("beta", row)])
    assert_close(y, reference.layer_norm(x, epsilon=1e-5, axes=axes), 1e-5)
    gamma, beta = rng.normal(size=(2, *row))
    layer.set_weights([gamma, beta])
    assert_close(layer(x), reference.layer_norm(x, gamma, beta, 1e-5, axes), 5e-5)


def test_gives_the_numbers_of_keras():
    # Of keras.layers.LayerNormalization() (3.15) with its default epsilon 1e-3.
    x = [[1.0, 2.0, 4.0, 8.0], [0.01, 0.02, 0.04, 0.08], [5.0, 5.0, 5.0, 5.0]]
    want = [
        [-1.0256838, -0.6527079, 0.0932440, 1.5851478],
        [-0.6633250, -0.4221159, 0.0603022, 1.0251384],
        [0.0, 0.0, 0.0, 0.0],
    ]
    layer = layers.LayerNormalization()
    assert_close(layer(np.float32(x)), np.float64(want), 1e-6)


def test_center_and_scale_may_be_left_out(check_layer):
    for center in (False, True):
        for scale in (False, True):
            layer = layers.LayerNormalization(center=center, scale=scale)
            weights = [("gamma", (6,))] * scale + [("beta", (6,))] * center
            x, y = check_layer(layer, (5, 6), output=(5, 6), weights=weights)
            assert_close(y, reference.layer_norm(x), 1e-5)


def test_passes_masks_on_and_leaves_other_steps_alone(rng):
    x = Input((4, 3))
    y = layers.LayerNormalization()(layers.Masking()(x))
    assert y.mask_shape == (None, 4)
    model = Model(x, layers.LSTM(2)(y))
    data = rng.normal(size=(2, 4, 3)).astype(np.float32)
    data[:, 2:] = 0
    short = Model(x2 := Input((2, 3)), layers.LSTM(2)(layers.LayerNormalization()(x2)))
    short.set_weights(model.get_weights())
    np.testing.assert_allclose(model.predict(data), short.predict(data[:, :2]), atol=1e-6)


def test_gradients_are_slopes_and_what_was_learned_is_saved(rng, tmp_path):
    """The gradients of a model are its slopes; a saved model predicts the same bits."""
    brasa.set_seed(5)
    norm = layers.LayerNormalization([-2, -1], beta_initializer="glorot_uniform")
    model = Sequential(
        [Input((5, 4)), layers.Dense(6, "tanh"), norm, layers.Flatten(), layers.Dense(1)]
    )
    model.compile(brasa.optimizers.Adam(0.01), "mse")
    x, y = rng.normal(size=(16, 5, 4)).astype(np.float32), rng.normal(size=(16, 1))
    _, gradients = model.compute_gradients(x, y)

    def loss():
        return model.evaluate(x, y, verbose=0)

    for place in (2, 3):  # gamma, beta
        assert "layer_normalization" in model.weights[place].name
        want = slope(model, loss, place, one_entry(gradients[place], (1, 2)), 2e-2)
        np.testing.assert_allclose(gradients[place][1, 2], want, rtol=1e-2, atol=1e-4)
    before = loss()
    history = model.fit(x, y, epochs=40, batch_size=8, verbose=0).history["loss"]
    assert history[-1] < 0.5 * before
    model.save(tmp_path / "m.brasa")
    loaded = brasa.load_model(tmp_path / "m.brasa")
    assert_same_bits(loaded.predict(x), model.predict(x))


def test_in_time_distributed_is_the_layer_itself(check_layer):
    inner = layers.LayerNormalization([1, 2])
    weights = [("gamma", (5, 2)), ("beta", (5, 2))]
    x, y = check_layer(layers.TimeDistributed(inner), (4, 5, 2), output=(4, 5, 2), weights=weights)
    assert_same_bits(y, layers.LayerNormalization([-2, -1])(x))


def test_open_extents():
    assert layers.LayerNormalization()(Input((None, 4))).shape == (None, None, 4)
    with pytest.raises(ValueError, match="the extent of axis -2 is open"):
        layers.LayerNormalization([1, 2])(Input((None, 4)))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.LayerNormalization(3)(Input((3, 4))), ValueError, "axis must name each"),
        (lambda: layers.LayerNormalization([1, -2])(Input((3, 4))), ValueError, "each axis once"),
        (lambda: layers.LayerNormalization([0, 1])(Input((3,))), ValueError, "samples of a batch"),
        (lambda: layers.LayerNormalization([])(Input((3,))), ValueError, "axis must name each"),
        (lambda: layers.LayerNormalization(-1.0), TypeError, "axis must be a whole number"),
        (lambda: layers.LayerNormalization("last"), TypeError, "axis must be a whole number"),
        (lambda: layers.LayerNormalization(epsilon=0), ValueError, "epsilon must be > 0"),
        (lambda: layers.LayerNormalization(center=1), TypeError, "center must be True or False"),
        (lambda: layers.LayerNormalization(gamma_initializer=3), TypeError, "gamma_initializer"),
        (lambda: layers.LayerNormalization(beta_regularizer=3), TypeError, "beta_regularizer"),
    ],
)
def test_refuses(make, error, message):
    with pytest.raises(error, match=message):
        make()
