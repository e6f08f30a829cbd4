"""The first NaN or infinity is named: which layer, which weight, which time step."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, initializers, layers, optimizers
from brasa.diagnosis import advice

CLASSES = "sparse_categorical_crossentropy"
N, T, D = 6, 8, 3


@pytest.fixture(autouse=True)
def seed():
    brasa.set_seed(3)


@pytest.fixture
def x(rng):
    return rng.standard_normal((N, T, D)).astype(np.float32)


Y = np.arange(N) % 3


def network(*middle, optimizer="sgd"):
    model = Sequential(
        [
            layers.Dense(4, "tanh", name="front", input_shape=(T, D)),
            *middle,
            layers.Dense(3, "softmax", name="out"),
        ]
    )
    model.compile(optimizer, CLASSES)
    return model


def plant(model, layer, index, at, value):
    weights = model.get_layer(layer).get_weights()
    weights[index][at] = value
    model.get_layer(layer).set_weights(weights)


def last_only(cell):
    options = {"name": "rnn"}
    if cell == "Bidirectional":
        return layers.Bidirectional(layers.LSTM(5), **options)
    return getattr(layers, cell)(5, **options)


CELLS = ["LSTM", "GRU", "SimpleRNN", "Bidirectional"]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_of_the_input(cell, value, x):
    model = network(last_only(cell))
    x[4, 5, 1] = value
    fault = model.diagnose(x, Y).fault
    assert (fault.where, fault.name, fault.index) == ("data", "x", (4, 5, 1))
    assert fault.value == str(value)
    # tanh makes 1 of infinity: then nothing is spoilt.
    assert (fault.layer, fault.step) == (("front", 5) if np.isnan(value) else (None, None))


@pytest.mark.parametrize("cell", CELLS)
def test_a_weight_of_a_recurrence(cell, x):
    model = network(last_only(cell))
    plant(model, "rnn", 1, (2, 3), np.nan)
    found = model.diagnose(x, Y)
    names = {p.name for p in model.get_layer("rnn").weights if "recurrent_kernel" in p.name}
    assert found.verdict == "NaN"
    assert (found.fault.where, found.fault.layer, found.fault.value) == ("weight", "rnn", "nan")
    assert found.fault.name in names
    assert found.fault.index == (2, 3)
    assert found.fault.step == 0  # a state of zeros times NaN
    assert "its weight 'rnn/" in found.findings[0].text
    assert found.findings[0].advice == advice.NOT_FINITE["weight"]


def test_a_weight_of_a_dense_layer(x):
    model = network(layers.LSTM(5))
    plant(model, "out", 1, (2,), -np.inf)
    fault = model.diagnose(x, Y).fault
    assert (fault.where, fault.layer, fault.name) == ("weight", "out", "out/bias")
    assert (fault.value, fault.step, fault.index) == ("-inf", None, (2,))


def test_a_statistic_of_batch_normalization(rng):
    """Training does not read it, but it is a weight that is not finite."""
    model = Sequential([layers.BatchNormalization(name="norm"), layers.Dense(3, "softmax")])
    model.compile("sgd", CLASSES)
    points = rng.standard_normal((N, D)).astype(np.float32)
    model.predict(points)
    plant(model, "norm", 3, (1,), np.nan)
    fault = model.diagnose(points, Y).fault
    assert (fault.where, fault.name) == ("weight", "norm/moving_variance")
    assert fault.step is None


@pytest.mark.parametrize("cell", CELLS)
def test_numbers_that_grow_beyond_float32_in_one_step(cell, x):
    """The layer in front overflows at step 6 of sample 2 alone."""
    model = Sequential([layers.Dense(4, name="front"), last_only(cell), layers.Dense(3, "softmax")])
    model.compile("sgd", CLASSES)
    model.predict(x)
    w, b = model.get_layer("front").get_weights()
    model.get_layer("front").set_weights([np.full_like(w, 1e30), b])
    x[:] = 1e-30
    x[2, 6] = 3e30
    found = model.diagnose(x, Y)
    fault = found.fault
    assert (fault.where, fault.layer, fault.step, fault.value) == ("forward", "front", 6, "inf")
    assert fault.index[:2] == (2, 6)
    assert "is the first whose output is not finite: inf at time step 6" in fault.text
    assert found.findings[0].advice == advice.NOT_FINITE["forward"]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_a_recurrence_that_overflows_by_itself(backwards, sequences):
    """1, 1e10, 1e20, 1e30, inf: in the fifth step that is read."""
    rnn = layers.SimpleRNN(
        1, "relu", kernel_initializer="ones", recurrent_initializer=initializers.Constant(1e10),
        go_backwards=backwards, return_sequences=sequences, name="rnn",
    )  # fmt: skip
    model = Sequential([rnn, layers.Dense(1)])
    model.compile("sgd", "mse")
    fault = model.diagnose(np.ones((2, T, 1)), np.ones((2, T) if sequences else 2)).fault
    assert (fault.where, fault.layer, fault.value) == ("forward", "rnn", "inf")
    assert fault.step == (T - 1 - 4 if backwards else 4)


def exploding(lengths, **options):
    """Forward all states are 0 until the last step; backward each step takes 1e4 more."""
    rnn = layers.SimpleRNN(
        1, kernel_initializer="ones", recurrent_initializer=initializers.Constant(1e4),
        name="rnn", **options,
    )  # fmt: skip
    model = Sequential([rnn, layers.Dense(1, kernel_initializer="ones", name="out")])
    model.compile(optimizers.SGD(0.1), "mse")
    x = np.zeros((1, lengths, 1), np.float32)
    x[:, 0 if options.get("go_backwards") else -1] = 1e-3
    return model, x, np.full(1, 1.0)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_gradient_that_overflows_on_its_way_back(backwards):
    model, x, y = exploding(20, go_backwards=backwards)
    found = model.diagnose(x, y)
    # 2 (h - 1) tanh'(1e-3) 1e4^k > 3.4e38 for k = 10 and not before.
    step = 10 if backwards else 9
    assert (found.fault.where, found.fault.layer) == ("backward", "rnn")
    assert (found.fault.step, found.fault.value) == (step, "-inf")
    assert f"that the gradient reaches as -inf at time step {step}" in found.fault.text
    assert found.findings[0].advice == advice.NOT_FINITE["backward"]
    assert np.isfinite(found.loss)


def test_a_gradient_of_a_weight_that_overflows():
    """The outputs' gradients are finite; x times them is not."""
    model = Sequential([layers.Dense(1, kernel_initializer="zeros", name="out")])
    model.compile("sgd", "mse")
    fault = model.diagnose(np.full((4, 1), 1e30), np.full(4, 1e15)).fault
    assert (fault.where, fault.layer, fault.name) == ("backward", "out", "out/kernel")
    assert fault.index == (0, 0)


def test_a_loss_that_overflows():
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    found = model.diagnose(np.ones((4, 1)), np.full(4, 1e30))
    assert (found.fault.where, found.fault.layer, found.fault.value) == ("loss", None, "inf")
    assert found.findings[0].text == "the loss is inf, though all outputs are finite"


def test_a_step_that_overflows(x):
    model = network(layers.GRU(4), optimizer=optimizers.SGD(0.1, momentum=0.9))
    model.train_on_batch(x, Y)
    model.store.slots["velocity"][0] = np.inf
    fault = model.diagnose(x, Y).fault
    assert (fault.where, fault.layer, fault.name) == ("update", "front", "front/kernel")


def test_several_inputs_are_named_as_they_were_given(rng):
    a, b = Input((D,), name="a"), Input((D,), name="b")
    both = layers.Concatenate(name="both")([a, b])
    model = Model([a, b], [layers.Dense(1, name="p")(both), layers.Dense(1, name="q")(both)])
    model.compile("sgd", "mse")
    x = [rng.standard_normal((N, D)) for _ in range(2)]
    y = [np.zeros(N), np.zeros(N)]
    x[1][3, 2] = np.nan
    fault = model.diagnose(x, y).fault
    assert (fault.name, fault.index, fault.layer) == ("x[1]", (3, 2), "both")
    x[1][3, 2], y[1][5] = 0, np.inf
    with pytest.raises(ValueError, match="targets must be finite"):
        model.diagnose(x, y)


def test_weights_of_samples_are_checked_as_in_training(x):
    weight = np.ones(N)
    weight[2] = np.nan
    model = network(layers.GRU(4))
    with pytest.raises(ValueError, match="finite"):
        model.diagnose(x, Y, sample_weight=weight)


def test_a_healthy_network_has_no_fault(x):
    x[:, 5:] = 0
    model = Sequential([layers.Masking(), layers.GRU(4), layers.Dense(3, "softmax")])
    model.compile("sgd", CLASSES)
    assert model.diagnose(x, Y).fault is None
