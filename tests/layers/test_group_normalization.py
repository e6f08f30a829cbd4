"""GroupNormalization: alone, in models, and against Keras's numbers."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers
from brasa.testing import reference
from brasa.testing.assertions import assert_close, assert_same_bits
from tests.differences import one_entry, slope


@pytest.mark.parametrize(
    ("groups", "axis", "shape"),
    [(3, -1, (6,)), (2, 2, (5, 6)), (-1, -1, (4, 5, 6)), (1, 4, (3, 4, 2, 6))],
)
def test_keeps_the_contract(groups, axis, shape, check_layer, rng):
    layer = layers.GroupNormalization(groups, axis, epsilon=1e-2)
    weights = [("gamma", (6,)), ("beta", (6,))]
    x, y = check_layer(layer, shape, output=shape, weights=weights)
    count = 6 if groups == -1 else groups
    assert_close(y, reference.group_norm(x, count, epsilon=1e-2), 1e-5)
    gamma, beta = rng.normal(size=(2, 6))
    layer.set_weights([gamma, beta])
    assert_close(layer(x), reference.group_norm(x, count, gamma, beta, 1e-2), 5e-5)


def test_gives_the_numbers_of_keras():
    # Of keras.layers.GroupNormalization(groups) (3.15) with its default epsilon 1e-3.
    x = [
        [[1.0, 2.0, 4.0, 8.0], [0.5, -1.0, 3.0, 3.0]],
        [[5.0, 5.0, 0.1, 0.2], [5.0, 5.0, 0.4, 0.8]],
    ]
    wanted = {
        1: [
            [[-0.6144795, -0.2212126, 0.5653212, 2.1383889]]
            + [[-0.811113, -1.4010134, 0.1720543, 0.1720543]],
            [[0.996564, 0.996564, -1.1150743, -1.0719796]]
            + [[0.996564, 0.996564, -0.9857903, -0.8134116]],
        ],
        2: [
            [[0.3462625, 1.269629, -0.2425071, 1.6975498]]
            + [[-0.1154208, -1.5004706, -0.7275213, -0.7275213]],
            [[0.0, 0.0, -1.0186932, -0.6482593], [0.0, 0.0, 0.0926085, 1.5743439]],
        ],
        -1: [
            [[0.9920948, 0.9997779, 0.9980059, 0.9999199]]
            + [[-0.9920946, -0.9997779, -0.9980063, -0.9999201]],
            [[0.0, 0.0, -0.978492, -0.9944901], [0.0, 0.0, 0.9784919, 0.9944901]],
        ],
    }
    for groups, want in wanted.items():
        assert_close(layers.GroupNormalization(groups)(np.float32(x)), np.float64(want), 1e-6)


def test_center_and_scale_may_be_left_out(check_layer):
    for center in (False, True):
        for scale in (False, True):
            layer = layers.GroupNormalization(2, center=center, scale=scale)
            weights = [("gamma", (6,))] * scale + [("beta", (6,))] * center
            x, y = check_layer(layer, (5, 3, 6), output=(5, 3, 6), weights=weights)
            assert_close(y, reference.group_norm(x, 2), 1e-5)


def test_passes_masks_on():
    y = layers.GroupNormalization(3)(layers.Masking()(Input((4, 3))))
    assert y.mask_shape == (None, 4)


def test_gradients_are_slopes_and_what_was_learned_is_saved(rng, tmp_path):
    """The gradients of a model are its slopes; a saved model predicts the same bits."""
    brasa.set_seed(5)
    model = Sequential(
        [
            Input((None, 5, 3)),
            layers.Conv2D(8, 3, padding="same"),
            layers.GroupNormalization(4, beta_initializer="uniform"),
            layers.Activation("tanh"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1),
        ]
    )
    model.compile(brasa.optimizers.Adam(0.01), "mse")
    x, y = rng.normal(size=(16, 6, 5, 3)).astype(np.float32), rng.normal(size=(16, 1))
    _, gradients = model.compute_gradients(x, y)

    def loss():
        return model.evaluate(x, y, verbose=0)

    for place in (0, 2, 3):  # the filters before it, gamma, beta
        at = (1,) * gradients[place].ndim
        want = slope(model, loss, place, one_entry(gradients[place], at), 2e-2)
        np.testing.assert_allclose(gradients[place][at], want, rtol=2e-2, atol=2e-4)
    before = loss()
    history = model.fit(x, y, epochs=40, batch_size=7, verbose=0).history["loss"]
    assert history[-1] < 0.7 * before
    model.save(tmp_path / "m.brasa")
    loaded = brasa.load_model(tmp_path / "m.brasa")
    assert_same_bits(loaded.predict(x), model.predict(x))


def test_in_time_distributed_each_step_has_its_statistics(check_layer):
    inner = layers.GroupNormalization(2)
    weights = [("gamma", (4,)), ("beta", (4,))]
    shape = (3, 5, 4)
    x, y = check_layer(layers.TimeDistributed(inner), shape, output=shape, weights=weights)
    steps = layers.GroupNormalization(2)(x.reshape(-1, 5, 4))
    assert_same_bits(y, steps.reshape(x.shape))


def test_open_extents():
    assert layers.GroupNormalization(2)(Input((None, None, 4))).shape == (None, None, None, 4)
    with pytest.raises(ValueError, match="the number of channels is open"):
        layers.GroupNormalization(2)(Input((4, None)))


def test_minus_one_group_is_instance_normalization_in_a_twin_of_other_channels():
    config = layers.serialize(layers.GroupNormalization(-1))
    for channels in (3, 5):
        layer = layers.deserialize(config)
        model = Model(x := Input((2, 2, channels)), layer(x))
        assert model.output_shape == (None, 2, 2, channels)
        assert layer.get_config()["groups"] == -1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: layers.GroupNormalization()(Input((3, 4))),
            ValueError,
            "4 channels cannot be cut",
        ),
        (
            lambda: layers.GroupNormalization(4)(Input((3, 6))),
            ValueError,
            "6 channels cannot be cu",
        ),
        (lambda: layers.GroupNormalization(1, 0)(Input((3, 4))), ValueError, "samples of a batch"),
        (lambda: layers.GroupNormalization(1, 3)(Input((3, 4))), ValueError, "axis must name each"),
        (lambda: layers.GroupNormalization(0), ValueError, "groups must be >= 1, or -1"),
        (lambda: layers.GroupNormalization(-2), ValueError, "groups must be >= 1, or -1"),
        (lambda: layers.GroupNormalization(2.0), TypeError, "groups must be a whole number"),
        (lambda: layers.GroupNormalization(2, [1, 2]), TypeError, "axis must be a whole number"),
        (lambda: layers.GroupNormalization(2, epsilon=0), ValueError, "epsilon must be > 0"),
        (lambda: layers.GroupNormalization(center=1), TypeError, "center must be True or False"),
        (lambda: layers.GroupNormalization(gamma_initializer=3), TypeError, "gamma_initializer"),
        (lambda: layers.GroupNormalization(beta_regularizer=3), TypeError, "beta_regularizer"),
    ],
)
def test_refuses(make, error, message):
    with pytest.raises(error, match=message):
        make()
