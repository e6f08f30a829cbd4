"""Cells of one's own: their first states, cells made of brasa's, both directions; beside Keras."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, ops
from tests.with_keras import keras


class Counting(layers.Layer):
    """h = 0.5 h + x @ w, from ones."""

    state_size = 2
    begins = 1.0

    def build(self, input_shape):
        self.w = self.add_weight("w", (input_shape[-1], 2))

    def call(self, inputs, states):
        h = 0.5 * states[0] + inputs @ self.w
        return h, [h]

    def get_initial_state(self, batch_size=None):
        return [np.full((batch_size, 2), self.begins, np.float32)]


class Learned(Counting):
    """The same, from weights."""

    def build(self, input_shape):
        super().build(input_shape)
        self.first = self.add_weight("first", (1, 2))

    def get_initial_state(self, batch_size=None):
        return ops.broadcast_to(self.first, (batch_size, 2))


class Uneven(Counting):
    def get_initial_state(self, batch_size=None):
        return [np.arange(2 * batch_size, dtype=np.float32).reshape(-1, 2)]


class Narrow(Counting):
    def get_initial_state(self, batch_size=None):
        return [np.zeros((batch_size, 3), np.float32)]


class Damped(layers.LSTMCell):
    """An LSTM's step, of which half of the old state stays."""

    def call(self, inputs, states, training=False):
        _, [h, c] = super().call(inputs, states, training=training)
        h = 0.5 * h + 0.5 * states[0]
        return h, [h, c]


@pytest.fixture
def x(rng):
    return rng.standard_normal((3, 4, 2)).astype(np.float32)


def _steps(x, w, first):
    h, outputs = np.broadcast_to(first, (len(x), 2)), []
    for t in range(x.shape[1]):
        h = 0.5 * h + x[:, t] @ w
        outputs.append(h)
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize("deep", [False, True])
def test_first_states_are_those_of_the_cell(deep, x):
    cell = Counting()
    layer = layers.RNN([cell, Counting()] if deep else cell, return_sequences=True)
    model = Sequential([Input((None, 2)), layer])
    want = _steps(x, cell.w.numpy(), 1.0)
    if deep:
        want = _steps(want, layer.cell.cells[1].w.numpy(), 1.0)
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer(x), want, rtol=1e-5, atol=1e-6)


def test_states_that_are_given_come_before_those_of_the_cell(x):
    layer = layers.RNN(Counting(), return_sequences=True)
    y = layer(x, initial_state=np.full((3, 2), 3.0, np.float32))
    np.testing.assert_allclose(y, _steps(x, layer.cell.w.numpy(), 3.0), rtol=1e-5, atol=1e-6)


def test_first_states_are_learned(x):
    cell = Learned()
    model = Sequential([Input((4, 2)), layers.RNN(cell)])
    model.compile("sgd", "mse")
    gradients = model.compute_gradients(x, np.zeros((3, 2), np.float32))[1]
    names = [weight.name for weight in model.trainable_weights]
    # d mean(y^2) / d first = sum_n 2 y[n] 0.5^4 / 6
    y = _steps(x, cell.w.numpy(), cell.first.numpy())[:, -1]
    want = (2 * y * 0.5**4 / 6).sum(axis=0, keepdims=True)
    found = next(g for name, g in zip(names, gradients, strict=True) if name.endswith("first"))
    np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("cell", "options", "error", "message"),
    [
        (Counting, {"stateful": True}, ValueError, "stateful=True begins with zeros"),
        (Uneven, {}, TypeError, "make it a weight"),
        (Narrow, {}, ValueError, r"must give states of the shapes \[\(.*, 2\)\], got .*, 3\)"),
    ],
)
def test_refused(cell, options, error, message):
    with pytest.raises(error, match=message):
        Sequential([Input((4, 2)), layers.RNN(cell(), **options)])


def test_a_step_that_calls_that_of_lstm(x):
    found = keras()

    class Same(found.layers.LSTMCell):
        def call(self, inputs, states, training=False):
            _, [h, c] = super().call(inputs, states, training=training)
            h = 0.5 * h + 0.5 * states[0]
            return h, [h, c]

    ours = layers.RNN(Damped(3), return_sequences=True)
    theirs = found.layers.RNN(Same(3), return_sequences=True)
    theirs.build((None, 4, 2))
    i = Input((4, 2))
    model = Model(i, ours(i))
    theirs.set_weights(model.get_weights())
    want = np.asarray(theirs(x))
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-4, atol=1e-5)
    plain = layers.RNN(layers.LSTMCell(3), return_sequences=True)
    plain.build((None, 4, 2))
    plain.set_weights(model.get_weights())
    assert np.abs(np.asarray(plain(x)) - want).max() > 0.01


def test_both_directions_of_a_cell_of_ones_own(x):
    both = layers.Bidirectional(layers.RNN([Counting(), layers.GRUCell(2)]))
    y = both(x)
    assert both.forward_layer.cells[0].w is not both.backward_layer.cells[0].w
    np.testing.assert_allclose(y[:, :2], layers.RNN(both.forward_layer.cell)(x), rtol=1e-6)
    want = layers.RNN(both.backward_layer.cell, go_backwards=True)(x)
    np.testing.assert_allclose(y[:, 2:], want, rtol=1e-6)
