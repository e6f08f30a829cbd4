"""ConvLSTM2D, beside Keras and by its definition."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers, ops
from brasa.testing.assertions import assert_same_bits
from tests.with_keras import keras

CASES = {
    "same": {"padding": "same", "return_sequences": True},
    "strides": {"strides": (2, 1), "use_bias": False},
    "backwards": {"go_backwards": True, "return_sequences": True},
    "dilated": {
        "dilation_rate": 2,
        "padding": "same",
        "activation": "relu",
        "recurrent_activation": "hard_sigmoid",
    },
}
IMAGES = (4, 6, 5, 2)


@pytest.mark.parametrize(
    ("arguments", "output"), [(CASES["same"], (4, 6, 5, 3)), (CASES["strides"], (3, 3, 3))], ids=str
)
def test_keeps_the_contract(check_layer, arguments, output):
    weights = [("kernel", (2, 3, 2, 12)), ("recurrent_kernel", (2, 3, 3, 12))]
    weights += [("bias", (12,))] if arguments.get("use_bias", True) else []
    check_layer(layers.ConvLSTM2D(3, (2, 3), **arguments), IMAGES, output=output, weights=weights)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CASES)
def test_predicts_and_trains_as_keras_does(name, rng, tmp_path):
    theirs, ours = (
        lib.Sequential(
            [
                lib.layers.InputLayer(IMAGES),
                lib.layers.ConvLSTM2D(3, (2, 3), **CASES[name]),
                lib.layers.Dense(2),
            ]
        )
        for lib in (keras(), brasa)
    )
    ours.set_weights(theirs.get_weights())
    x = rng.standard_normal((5, *IMAGES)).astype(np.float32)
    before = theirs.predict(x, verbose=0)
    np.testing.assert_allclose(ours.predict(x), before, rtol=1e-4, atol=1e-5)
    theirs.compile(keras().optimizers.SGD(0.3), "mse")
    ours.compile(brasa.optimizers.SGD(0.3), "mse")
    y = rng.standard_normal(before.shape).astype(np.float32)
    for _ in range(3):
        loss = float(theirs.train_on_batch(x, y))
        assert ours.train_on_batch(x, y) == pytest.approx(loss, rel=1e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    after = ours.predict(x)
    ours.save(tmp_path / "net.brasa")
    assert np.array_equal(brasa.load_model(tmp_path / "net.brasa").predict(x), after)
    copy = brasa.models.clone_model(ours)
    copy.set_weights(ours.get_weights())
    assert np.array_equal(copy.predict(x), after)


def test_starts_with_the_bias_of_keras():
    bias = layers.ConvLSTM2D(2, 1)
    bias.build((None, *IMAGES))
    assert bias.get_weights()[2].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    flat = layers.ConvLSTM2D(2, 1, unit_forget_bias=False)
    flat.build((None, *IMAGES))
    assert not flat.get_weights()[2].any()


def test_images_of_a_pixel_are_steps_of_lstm(rng):
    conv, lstm = (
        layers.ConvLSTM2D(3, 1, return_sequences=True, return_state=True),
        layers.LSTM(3, return_sequences=True, return_state=True),
    )
    x = rng.standard_normal((4, 5, 2)).astype(np.float32)
    lstm(x)
    conv(x[:, :, None, None])
    kernel, recurrent, bias = lstm.get_weights()
    conv.set_weights([kernel[None, None], recurrent[None, None], bias])
    mask = np.arange(5) < [[5], [2], [3], [1]]
    for zero in (False, True):
        conv.zero_output_for_mask = lstm.zero_output_for_mask = zero
        for given in (None, mask, ~mask):
            want = lstm(x, mask=given)
            got = conv(x[:, :, None, None], mask=given)
            for a, b in zip(got, want, strict=True):
                np.testing.assert_allclose(np.squeeze(a), b, rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CASES)
def test_masks_are_those_of_keras(name, rng):
    """Unrolled: otherwise Keras on JAX refuses masks of films."""
    theirs = keras().layers.ConvLSTM2D(3, (2, 3), unroll=True, **CASES[name])
    ours = layers.ConvLSTM2D(3, (2, 3), **CASES[name])
    theirs.build((None, *IMAGES))
    ours.build((None, *IMAGES))
    ours.set_weights(theirs.get_weights())
    x = rng.standard_normal((3, *IMAGES)).astype(np.float32)
    mask = np.array([[1, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0]], bool)
    try:
        want = np.asarray(theirs(x, mask=mask))
    except ValueError:
        pytest.skip("this Keras takes no masks of films")
    np.testing.assert_allclose(ours(x, mask=mask), want, rtol=1e-4, atol=1e-6)


def test_goes_on_from_states(rng):
    layer = layers.ConvLSTM2D(3, 3, padding="same", return_state=True)
    x = rng.standard_normal((2, *IMAGES)).astype(np.float32)
    _, *states = layer(x[:, :2])
    y, *_ = layer(x[:, 2:], initial_state=states)
    assert_same_bits(y, layer(x)[0])
    with pytest.raises(ValueError, match="all first states: 2, got 1"):
        layer([x, states[0]])


def test_a_stateful_layer_goes_on_with_the_next_batch(rng):
    x = rng.standard_normal((2, *IMAGES)).astype(np.float32)
    layer = layers.ConvLSTM2D(3, 3, padding="same", stateful=True)
    model = Sequential([Input((2, *IMAGES[1:]), batch_size=2), layer])
    first, second = model.predict(x[:, :2]), model.predict(x[:, 2:])
    plain = layers.ConvLSTM2D(3, 3, padding="same")
    plain.build((None, *IMAGES))
    plain.set_weights(layer.get_weights())
    np.testing.assert_allclose(first, plain(x[:, :2]), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(second, plain(x), rtol=1e-4, atol=1e-6)
    layer.reset_states()
    assert np.array_equal(model.predict(x[:, :2]), first)


def line(**dropouts):
    """A layer of one pixel whose gates and candidates pass what they get: c adds up i * g."""
    return layers.ConvLSTM2D(
        1, 1, activation="linear", recurrent_activation="linear", use_bias=False, **dropouts
    )


def test_inputs_are_lost_for_each_gate_and_for_all_steps():
    layer = line(dropout=0.5, seed=1)
    x = np.ones((400, 3, 1, 1, 1), np.float32)
    layer(x)
    layer.set_weights([np.float32([[[[1, 1, 1, 1]]]]), np.zeros((1, 1, 1, 4), np.float32)])
    y = layer(x, training=True).ravel()
    # Each of i, f, g, o is 0 or 2 at all steps: c = i g (1 + f + f^2), h = o c.
    assert set(y.tolist()) == {0.0, 8.0, 56.0}
    assert abs((y > 0).mean() - 1 / 8) < 0.08
    assert abs((y == 56).mean() - 1 / 16) < 0.06
    assert np.unique(layer(x)).tolist() == [3.0]


def test_states_are_lost_likewise_and_gradients_pass():
    brasa.set_seed(3)
    layer = line(recurrent_dropout=0.5, seed=1)
    model = Sequential([Input((2, 1, 1, 1)), layer])
    layer.set_weights([np.float32([[[[1, 0, 1, 1]]]]), np.float32([[[[0, 0, 0, 1]]]])])
    model.compile("sgd", lambda y, p: ops.mean(p, axis=-1))
    x = np.ones((400, 2, 1, 1, 1), np.float32)
    loss, gradients = model.compute_gradients(x, np.zeros((400, 1, 1, 1)))
    # c = 1 at each step, h = 1 and then 1 + m h, with m either 0 or 2.
    assert loss == pytest.approx(2, abs=0.3)
    assert gradients[1][0, 0, 0, 3] == pytest.approx(loss - 1, rel=1e-4)
    assert np.unique(model.predict(x)).tolist() == [2.0]


def test_constraints_hold_and_films_of_any_length_pass(rng):
    layer = layers.ConvLSTM2D(2, 3, kernel_constraint="non_neg", return_sequences=True)
    model = Sequential([Input((None, 6, 6, 1)), layer])
    assert model.output_shape == (None, None, 4, 4, 2)
    model.compile("sgd", "mse")
    for steps in (2, 5):
        x = rng.standard_normal((2, steps, 6, 6, 1)).astype(np.float32)
        model.train_on_batch(x, np.zeros((2, steps, 4, 4, 2)))
    assert layer.get_weights()[0].min() >= 0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.ConvLSTM2D(0, 3), ValueError, "ConvLSTM2D: filters must be >= 1, got 0"),
        (lambda: layers.ConvLSTM2D(2, 0), ValueError, "ConvLSTM2D: kernel_size must be >= 1"),
        (lambda: layers.ConvLSTM2D(2, 3, padding="causal"), ValueError, "padding must be one of"),
        (lambda: layers.ConvLSTM2D(2, 3, 2, dilation_rate=2), ValueError, "cannot both be above 1"),
        (lambda: layers.ConvLSTM2D(2, 3, dropout=1.5), ValueError, "ConvLSTM2D: dropout must be"),
        (lambda: layers.ConvLSTM2D(2, 3, activation=3), ValueError, "ConvLSTM2D: activation"),
        (lambda: layers.ConvLSTM2D(2, 3)(Input((6, 6, 1))), ValueError, "rank 5 .*, got rank 4"),
        (lambda: layers.ConvLSTM2D(2, 3)(Input((4, 2, 6, 1))), ValueError, "a height of 3, the"),
        (lambda: layers.ConvLSTM2D(2, 3)(Input((4, 6, None, 1))), ValueError, "width is open"),
        (lambda: layers.ConvLSTM2D(2, 3)(Input((4, 6, 6, None))), ValueError, "channels is open"),
    ],
)
def test_refuses(make, error, message):
    with pytest.raises(error, match=message):
        make()
