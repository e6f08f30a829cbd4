"""RNN and cells: brasa's own are the layers of which they do a step, others go step by step."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, load_model, losses, models, ops
from brasa.testing.assertions import assert_same_bits

PAIRS = {
    "lstm": (layers.LSTMCell, layers.LSTM),
    "gru": (layers.GRUCell, layers.GRU),
    "simple_rnn": (layers.SimpleRNNCell, layers.SimpleRNN),
}


class Leaky(layers.Layer):
    """A cell of two states, of which one is wider than the output, with a layer inside."""

    def __init__(self, units=3, **options):
        super().__init__(**options)
        self.units, self.state_size = units, [units, 2 * units]
        self.inner = layers.Dense(units, "tanh")

    def build(self, input_shape):
        self.mix = self.add_weight("mix", (self.units, 2 * self.units))

    def call(self, inputs, states, training=False):
        h, wide = states
        h = ops.add(ops.scale(h, 0.5), self.inner(inputs))
        wide = ops.add(wide, ops.dense(h, self.mix))
        return ops.multiply(h, ops.slice(wide, 1, 0, self.units)), [h, wide]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def by_hand(layer, x, mask=None, backwards=False):
    """What a RNN of a Leaky cell gives, in NumPy."""
    kernel, bias = layer.cell.inner.get_weights()
    mix, n = layer.cell.mix.numpy(), layer.cell.units
    h, wide, y = np.zeros((len(x), n)), np.zeros((len(x), 2 * n)), np.zeros((len(x), n))
    outputs = np.zeros((*x.shape[:2], n))
    for t in range(x.shape[1])[:: -1 if backwards else 1]:
        keep = np.zeros((len(x), 1)) if mask is None else 1 - mask[:, t : t + 1]
        new = 0.5 * h + np.tanh(x[:, t] @ kernel + bias)
        new_wide = wide + new @ mix
        y = np.where(keep, y, new * new_wide[:, :n])
        h, wide = np.where(keep, h, new), np.where(keep, wide, new_wide)
        outputs[:, t] = y
    return outputs, y, h, wide


@pytest.fixture
def x(rng):
    return rng.standard_normal((4, 5, 2)).astype(np.float32)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_built_in_cells_are_the_layers(name, backwards, x, rng):
    cell, layer = PAIRS[name]
    order = {"return_sequences": True, "return_state": True, "go_backwards": backwards}
    drop = {"dropout": 0.2, "recurrent_dropout": 0.1}
    tokens = rng.integers(0, 4, (4, 5))
    y = rng.standard_normal((4, 5, 3)).astype(np.float32)
    found = []
    for is_layer in (False, True):
        brasa.set_seed(3)
        made = layer(3, **drop, **order) if is_layer else layers.RNN(cell(3, **drop), **order)
        ids = Input((5,), dtype="int32")
        steps, *states = made(layers.Embedding(4, 2, mask_zero=True)(ids))
        model = Model(ids, [steps, *states])
        model.compile("adam", "mse")
        loss = model.fit(tokens, [y, *[y[:, 0]] * len(states)], epochs=2, verbose=0).history["loss"]
        found.append([np.array(loss), *model.predict(tokens), *model.get_weights()])
    assert_same_bits(*found)


@pytest.mark.parametrize("name", PAIRS)
def test_a_cell_does_one_step(name, x):
    cell = PAIRS[name][0](3)
    states = cell.get_initial_state(4)
    for t in range(5):
        y, states = cell(x[:, t], states)
    want = layers.RNN(cell, return_state=True)(x)
    for got, expected in zip([y, *states], want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    assert len(states) == np.size(cell.state_size)


def test_stacked_cells_are_layers_one_after_the_other(x):
    deep = layers.RNN([layers.LSTMCell(3), layers.SimpleRNNCell(4)], return_state=True)
    y, *states = deep(x)
    first = layers.RNN(deep.cell.cells[0], return_sequences=True, return_state=True)(x)
    second = layers.RNN(deep.cell.cells[1], return_state=True)(first[0])
    assert_same_bits([y, *states], [second[0], *first[1:], second[1]])
    assert len(deep.weights) == 6
    twice = layers.RNN([layers.GRUCell(3), layers.GRUCell(3)])
    twice.build((None, None, 2))
    twice(x)
    assert len({weight.name for weight in twice.weights}) == len(twice.weights) == 6
    assert twice.weights[-1].name == "rnn/stacked_rnn_cells/gru_cell_1/bias"


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_a_cell_of_ones_own_goes_step_by_step(masked, backwards, x, tmp_path):
    layer = layers.RNN(Leaky(), True, True, backwards)
    stack = [layers.Masking()] if masked else []
    mask = np.ones((4, 5), np.float32)
    if masked:
        mask[0, :2], mask[1, 3:] = 0, 0
        x = x * mask[:, :, None]
    inputs = Input((None, 2))
    h = inputs
    for one in stack:
        h = one(h)
    model = Model(inputs, layer(h))
    outputs, _, h, wide = by_hand(layer, x, mask, backwards)
    want = [outputs[:, ::-1] if backwards else outputs, h, wide]
    for got, expected in zip(model.predict(x), want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    model.save(tmp_path / "m.brasa")
    twin = load_model(tmp_path / "m.brasa", custom_objects={"Leaky": Leaky})
    assert_same_bits(twin.predict(x), model.predict(x))
    assert models.clone_model(model).count_params() == model.count_params() > 0
    last = layers.RNN(layer.cell, go_backwards=backwards)(x)
    np.testing.assert_allclose(last, by_hand(layer, x, None, backwards)[1], rtol=1e-5, atol=1e-5)


def test_training_reaches_the_weights_of_a_cell_of_ones_own(x, rng):
    y = rng.standard_normal((4, 3)).astype(np.float32)
    model = Sequential([Input((5, 2)), layers.RNN([Leaky(), layers.GRUCell(3)])])
    model.compile("sgd", "mse")
    loss, gradients = model.compute_gradients(x, y)
    mse = losses.MeanSquaredError()
    step = brasa.value_and_grad(lambda x, y: mse(y, model(x)), weights=model)
    assert len(gradients) == 6
    value, own = step(x, y)
    assert value == pytest.approx(loss, rel=1e-6)
    for a, b in zip(gradients, own, strict=True):
        assert np.abs(a).max() > 0
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    before = model.evaluate(x, y)
    model.fit(x, y, epochs=5, verbose=0)
    assert model.evaluate(x, y) < before


@pytest.mark.parametrize("make", [lambda: layers.LSTMCell(3), Leaky], ids=["lstm", "own"])
def test_states_are_kept_between_batches(make, x):
    layer = layers.RNN(make(), stateful=True)
    model = Sequential([Input((None, 2)), layer])
    want = layers.RNN(layer.cell)(x)
    model.predict(x[:, :3])
    np.testing.assert_allclose(model.predict(x[:, 3:]), want, rtol=1e-5, atol=1e-6)
    model.reset_states()
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-5, atol=1e-6)


def test_both_ways(x):
    cell = layers.GRUCell(3)
    both = layers.Bidirectional(layers.RNN(cell))
    y = both(x)
    assert_same_bits(y[:, :3], layers.RNN(cell)(x))
    want = layers.RNN(both.backward_layer.cell, go_backwards=True)(x)
    assert_same_bits(y[:, 3:], want)


class Short(Leaky):
    def call(self, inputs, states):
        return super().call(inputs, states)[0], states[:1]


class Alone(Leaky):
    def call(self, inputs, states):
        return super().call(inputs, states)[0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda _: layers.RNN(layers.Dense(3)), TypeError, "RNN: cell must be a cell"),
        (lambda _: layers.RNN([]), ValueError, "cells must be a list of cells"),
        (lambda x: layers.StackedRNNCells([3]), TypeError, "StackedRNNCells: cells must be a cell"),
        (lambda x: layers.LSTMCell(3, stateful=True), TypeError, "stateful is an argument of lay"),
        (lambda x: layers.LSTMCell(0), ValueError, "LSTMCell: units must be"),
        (lambda x: layers.LSTMCell(3)(x[:, 0], [x[:, 0]]), ValueError, "a step and 2 states"),
        (lambda x: layers.RNN(Short())(x[:2]), ValueError, "must return 2 states.* got 1"),
        (lambda x: layers.RNN(Alone())(x[:2]), TypeError, r"must return \(output, states\)"),
        (lambda x: layers.RNN(layers.GRUCell(3))(x[:, 0]), ValueError, "expected sequences"),
        (lambda x: layers.RNN(Leaky())(x[:, :0]), ValueError, "got no steps"),
    ],
)
def test_bad_arguments(make, error, message, x):
    with pytest.raises(error, match=message):
        make(x)
