"""Masks that a call gives, on arrays and on tensors of a model, beside Keras."""

import numpy as np
import pytest

from brasa import Input, Model, layers, load_model
from tests.with_keras import keras

KEPT = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [0, 0, 0, 0]], bool)


@pytest.fixture
def x(rng):
    return rng.standard_normal((3, 4)).astype(np.float32)


@pytest.mark.parametrize("axis", [-1, 1])
def test_softmax_leaves_elements_out(axis, x):
    want = np.exp(x) * KEPT
    want /= np.maximum(want.sum(axis=1, keepdims=True), 1e-30)
    np.testing.assert_allclose(layers.Softmax(axis)(x, mask=KEPT), want, rtol=1e-5)
    np.testing.assert_allclose(layers.Softmax(axis)(x * 1e4, mask=KEPT).sum(1), [1, 1, 0])
    one, other = Input((4,)), Input((4,), dtype="int32")
    model = Model([one, other], layers.Softmax(axis)(one, mask=other))
    np.testing.assert_allclose(model.predict([x, KEPT.astype(np.int32)]), want, rtol=1e-5)


def test_softmax_beside_keras(x):
    want = keras().layers.Softmax()(x, mask=KEPT)
    np.testing.assert_allclose(layers.Softmax()(x, mask=KEPT), np.asarray(want), atol=1e-6)


def test_softmax_passes_a_mask_of_steps_on(rng):
    steps = Input((4,), dtype="int32")
    h = layers.Embedding(5, 3, mask_zero=True)(steps)
    model = Model(steps, layers.GlobalAveragePooling1D()(layers.Softmax()(h)))
    y = model.predict(np.array([[1, 2, 0, 0]]))
    assert y.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize("sequences", [False, True])
def test_a_tensor_is_the_mask_of_a_recurrent_layer(name, sequences, rng, tmp_path):
    x = rng.standard_normal((3, 4, 2)).astype(np.float32)
    found = keras()
    one, other = found.Input((4, 2)), found.Input((4,), dtype="bool")
    theirs = getattr(found.layers, name)(3, return_sequences=sequences)
    theirs = found.Model([one, other], theirs(one, mask=other))
    a, b = Input((4, 2)), Input((4,))
    layer = getattr(layers, name)(3, return_sequences=sequences)
    model = Model([a, b], layer(a, mask=b))
    theirs.set_weights(model.get_weights())
    want = theirs.predict([x, KEPT], verbose=0)
    np.testing.assert_allclose(model.predict([x, KEPT]), want, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.brasa")
    again = load_model(tmp_path / "model.brasa")
    np.testing.assert_allclose(again.predict([x, KEPT]), want, rtol=1e-4, atol=1e-5)


def test_first_states_have_no_mask(rng):
    x = rng.standard_normal((3, 4, 2)).astype(np.float32)
    h = rng.standard_normal((3, 5)).astype(np.float32)
    a, b, c = Input((4, 2)), Input((5,)), Input((4,))
    layer = layers.GRU(5)
    model = Model([a, b, c], layer(a, initial_state=b, mask=c))
    want = layer(x, initial_state=h, mask=KEPT)
    np.testing.assert_allclose(model.predict([x, h, KEPT]), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(want[2], h[2], rtol=1e-6)  # no step counts


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: layers.LSTM(3)(x, mask=np.ones((1, 4))), TypeError, "tensor of the model"),
        (lambda x: layers.LSTM(3)(x, mask=Input((5,))), ValueError, r"shape \(None, 4\), got"),
        (lambda x: layers.Add()([x, x], mask=Input((4,))), ValueError, "2 inputs, .* got 1"),
        (layers.WithMask(), ValueError, "a list of two"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(Input((4, 2)))
