"""Arguments of Keras's recurrent layers: outputs of masked steps, and how they run."""

import numpy as np
import pytest

from brasa import Input, Model, layers
from tests.with_keras import keras

MASK = np.array([[0, 1, 0, 1], [1, 0, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]], bool)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_zero_output_for_mask_is_that_of_keras(name, sequences, backwards, rng):
    x = rng.standard_normal((4, 4, 3)).astype(np.float32)
    options = {
        "return_sequences": sequences,
        "go_backwards": backwards,
        "zero_output_for_mask": True,
        "unroll": False,
    }
    ours, theirs = (getattr(lib, name)(2, **options) for lib in (layers, keras().layers))
    theirs.build((None, 4, 3))
    ours.build((None, 4, 3))
    theirs.set_weights(ours.get_weights())
    want = np.asarray(theirs(x, mask=MASK))
    np.testing.assert_allclose(ours(x, mask=MASK), want, rtol=1e-4, atol=1e-5)
    one, other = Input((4, 3)), Input((4,))
    model = Model([one, other], type(ours).from_config(ours.get_config())(one, mask=other))
    model.set_weights(ours.get_weights())
    np.testing.assert_allclose(model.predict([x, MASK]), want, rtol=1e-4, atol=1e-5)


def test_both_directions(rng):
    x = rng.standard_normal((4, 4, 3)).astype(np.float32)
    both = layers.Bidirectional(layers.GRU(2, zero_output_for_mask=True))
    y = both(x, mask=MASK)
    np.testing.assert_array_equal(y[:, :2] == 0, ~np.repeat(MASK[:, 3:], 2, axis=1))
    np.testing.assert_array_equal(y[:, 2:] == 0, ~np.repeat(MASK[:, :1], 2, axis=1))


@pytest.mark.parametrize(
    "options",
    [{"unroll": True}, {"use_cudnn": "auto"}, {"use_cudnn": False}, {"implementation": 2}],
)
def test_how_it_runs_changes_nothing(options, rng):
    x = rng.standard_normal((2, 4, 3)).astype(np.float32)
    plain, told = layers.LSTM(2), layers.LSTM(2, **options)
    plain.build((None, 4, 3))
    told.build((None, 4, 3))
    told.set_weights(plain.get_weights())
    np.testing.assert_array_equal(told(x), plain(x))
    assert told.get_config().keys() == plain.get_config().keys()
    layers.RNN(layers.GRUCell(2), **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"unroll": "yes"}, TypeError, "LSTM: unroll"),
        ({"use_cudnn": 3}, ValueError, "LSTM: use_cudnn must be one of"),
        ({"implementation": 5}, ValueError, "LSTM: implementation must be one of"),
        ({"zero_output_for_mask": None}, TypeError, "LSTM: zero_output_for_mask"),
    ],
)
def test_refused(options, error, message):
    with pytest.raises(error, match=message):
        layers.LSTM(2, **options)
    with pytest.raises(TypeError, match="unroll is an argument of"):
        layers.LSTMCell(2, unroll=True)
