"""The recurrent layers in training: against PyTorch, and what holds for all of them."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, runtime
from brasa.testing.assertions import assert_close, assert_same_bits

KINDS = ("LSTM", "GRU", "SimpleRNN")
N, T, D, U = 5, 7, 3, 4


@pytest.fixture(autouse=True)
def _same_weights():
    brasa.set_seed(0)


def make(kind, units=U, **options):
    return getattr(layers, kind)(units, **options)


def sequences(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def trained(model, x, y, epochs=3):
    model.compile(brasa.optimizers.SGD(0.1, momentum=0.9), "mse")
    model.fit(x, y, batch_size=2, epochs=epochs, shuffle=False, verbose=0)
    return model.get_weights()


def torch_cell(torch, kind, layer, features):
    """PyTorch's layer with our weights: transposed, its gates in its order, one bias of zeros."""
    own = getattr(torch.nn, {"SimpleRNN": "RNN"}.get(kind, kind))(features, U, batch_first=True)
    w, u, b = (array.astype(np.float64) for array in layer.get_weights())

    def gates(array):  # Keras: z, r, h; PyTorch: r, z, n
        parts = np.split(array, len(array) // U)
        return np.concatenate([parts[i] for i in (1, 0, 2)] if kind == "GRU" else parts)

    biases = b if kind == "GRU" else (b, np.zeros_like(b))
    with torch.no_grad():
        for name, value in zip(
            ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"),
            (w.T, u.T, *biases),
            strict=True,
        ):
            getattr(own, name).copy_(torch.from_numpy(gates(value)))
    return own.double()


@pytest.mark.parametrize("kind", KINDS)
def test_two_layers_learn_as_pytorchs_do(kind, rng):
    torch = pytest.importorskip("torch")
    first, second = make(kind, return_sequences=True), make(kind)
    model = Sequential([Input((T, D)), first, second])
    x, y = sequences(rng, N, T, D), sequences(rng, N, U)
    peers = [torch_cell(torch, kind, first, D), torch_cell(torch, kind, second, U)]
    # In PyTorch two biases are added, and each of them learns: train one.
    free = [p for peer in peers for name, p in peer.named_parameters() if name != "bias_hh_l0"]
    if kind == "GRU":
        free = [p for peer in peers for p in peer.parameters()]
    sgd = torch.optim.SGD(free, lr=0.2)
    model.compile(brasa.optimizers.SGD(0.2), "mse")
    for _ in range(4):
        loss = model.train_on_batch(x, y)
        h = torch.from_numpy(x).double()
        for peer in peers:
            h = peer(h)[0]
        want = ((h[:, -1] - torch.from_numpy(y).double()) ** 2).mean()
        assert loss == pytest.approx(want.item(), rel=1e-5)
        sgd.zero_grad()
        want.backward()
        sgd.step()
    with torch.no_grad():
        h = torch.from_numpy(x).double()
        for peer in peers:
            h = peer(h)[0]
    assert_close(model.predict(x), h[:, -1].numpy().astype(np.float32), 1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backwards", [False, True])
def test_gradients_through_twenty_steps(kind, backwards, rng):
    """A step of SGD at rate 1 against the slope of the loss along it, by differences."""
    layer = make(kind, 3, go_backwards=backwards)
    model = Sequential([Input((20, 2)), layer])
    x, y = sequences(rng, 4, 20, 2), sequences(rng, 4, 3)
    before = [w + 0.1 * sequences(rng, *w.shape) for w in model.get_weights()]
    model.set_weights(before)
    model.compile(brasa.optimizers.SGD(1.0), "mse")
    model.train_on_batch(x, y)
    gradients = [w - moved for w, moved in zip(before, model.get_weights(), strict=True)]

    def loss(step, direction):
        model.set_weights([w + step * d for w, d in zip(before, direction, strict=True)])
        return ((model.predict(x).astype(np.float64) - y) ** 2).mean()

    step = 1e-2  # fourth order, so that float32's rounding does not drown the difference
    for k in range(len(before)):
        direction = [np.zeros_like(w) for w in before]
        direction[k] = sequences(rng, *before[k].shape)
        one = (loss(step, direction) - loss(-step, direction)) / (2 * step)
        two = (loss(2 * step, direction) - loss(-2 * step, direction)) / (4 * step)
        want = (gradients[k] * direction[k]).sum()
        assert (4 * one - two) / 3 == pytest.approx(want, rel=2e-3, abs=2e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"dropout": 0.3, "recurrent_dropout": 0.2}])
def test_the_thread_count_changes_no_bit(kind, options, threads, rng):
    x, y = sequences(rng, N, T, D), sequences(rng, N, U)
    weights = {}
    for count in (1, 2):
        brasa.set_seed(0)
        runtime.set_threads(count)
        weights[count] = trained(Sequential([Input((T, D)), make(kind, **options)]), x, y)
    for one, two in zip(weights[1], weights[2], strict=True):
        assert_same_bits(one, two)


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_layer_goes_on_as_if_never_stopped(kind, tmp_path, rng):
    x, y = sequences(rng, 6, T, D), sequences(rng, 6, T, U)
    options = {"return_sequences": True, "dropout": 0.2, "recurrent_dropout": 0.2}
    model = Sequential([Input((T, D)), layers.Bidirectional(make(kind, **options), "sum")])
    trained(model, x, y)
    model.save(tmp_path / "model.brasa")
    again = brasa.load_model(tmp_path / "model.brasa")
    assert_same_bits(again.predict(x), model.predict(x))
    for each in (model, again):
        each.fit(x, y, batch_size=3, verbose=0)
    for one, two in zip(model.get_weights(), again.get_weights(), strict=True):
        assert_same_bits(one, two)


@pytest.mark.parametrize("kind", KINDS)
def test_short_lengths(kind, rng):
    model = Sequential([Input((None, D)), make(kind, return_sequences=True), make(kind)])
    for steps in (1, 2):
        assert model.predict(sequences(rng, 1, steps, D)).shape == (1, U)
    assert_same_bits(make(kind)(np.zeros((2, 0, D), np.float32)), np.zeros((2, U), np.float32))


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_backpropagation_through_time(kind, rng):
    """A stateful layer learns from parts: states go on, gradients end at a part's first step."""
    x, y = sequences(rng, N, 2 * T, D), sequences(rng, N, 2 * T, U)
    layer = make(kind, stateful=True, return_sequences=True)
    model = Sequential([Input((None, D)), layer])
    model.compile(brasa.optimizers.SGD(0.1), "mse")
    model.train_on_batch(x[:, :T], y[:, :T])
    carried = [state.host().reshape(N, U).copy() for state in layer.states.values()]
    assert all(state.any() for state in carried)

    # The same step of a layer that is given those states as constants.
    given = make(kind, return_sequences=True)
    inputs = [Input((None, D)), *(Input((U,)) for _ in carried)]
    free = Model(inputs, given(inputs[0], initial_state=inputs[1:]))
    given.set_weights(layer.get_weights())
    free.compile(brasa.optimizers.SGD(0.1), "mse")
    free.train_on_batch([x[:, T:], *carried], y[:, T:])
    model.train_on_batch(x[:, T:], y[:, T:])
    for one, two in zip(layer.get_weights(), given.get_weights(), strict=True):
        assert_close(one, two, 1e-6)

    model.reset_states()
    assert not any(state.host().any() for state in layer.states.values())


@pytest.mark.parametrize("kind", KINDS)
def test_padded_steps_teach_nothing(kind, rng):
    """What stands in masked steps changes neither outputs nor gradients."""
    x, y = sequences(rng, N, T, D), sequences(rng, N, U)
    x[:, 4:] = 0
    padded = np.concatenate([x, np.zeros((N, 3, D), np.float32)], 1)
    results = []
    for data in (x, padded):
        brasa.set_seed(0)
        model = Sequential([Input((None, D)), layers.Masking(), make(kind, recurrent_dropout=0.2)])
        results.append([*trained(model, data, y), model.predict(data)])
    for one, two in zip(*results, strict=True):
        assert_close(one, two, 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_in_training_alone(kind, rng):
    layer = make(kind, dropout=0.5, recurrent_dropout=0.5)
    x = sequences(rng, N, T, D)
    assert_same_bits(layer(x), layer(x))
    assert not np.array_equal(layer(x, training=True), layer(x))


def test_the_forget_gate_starts_open():
    units = 6
    for open_gate in (True, False):
        layer = layers.LSTM(units, unit_forget_bias=open_gate)
        layer(np.zeros((1, 1, 2), np.float32))
        want = np.zeros(4 * units, np.float32)
        want[units : 2 * units] = open_gate
        assert_same_bits(layer.bias.value, want)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: layers.LSTM(0), ValueError, "units"),
        (lambda: layers.LSTM(2.5), TypeError, "units"),
        (lambda: layers.GRU(2, dropout=1.5), ValueError, "GRU: dropout"),
        (lambda: layers.GRU(2, recurrent_dropout=-1), ValueError, "GRU: recurrent_dropout"),
        (lambda: layers.SimpleRNN(2, activation="softmaxx"), ValueError, "activation"),
        (lambda: layers.LSTM(2, activation="rleu"), ValueError, "LSTM: activation 'rleu'.*'relu'"),
        (lambda: layers.GRU(2, recurrent_activation=abs), ValueError, "recurrent_activation must"),
        (lambda: layers.LSTM(2, return_sequences=1), TypeError, "return_sequences"),
        (lambda: layers.LSTM(2)(np.zeros((3, 4), np.float32)), ValueError, "rank 3"),
        (lambda: layers.Bidirectional(layers.Dense(2)), TypeError, "recurrent"),
        (lambda: layers.Bidirectional(layers.GRU(2), "mean"), ValueError, "merge_mode"),
    ],
)
def test_bad_arguments(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("LSTM", {"return_sequences": True, "stateful": True}),
        ("SimpleRNN", {"return_sequences": True, "recurrent_dropout": 0.4}),
        ("LSTM", {"go_backwards": True, "use_bias": False, "recurrent_dropout": 0.4}),
        ("GRU", {"return_sequences": True, "recurrent_dropout": 0.4}),
        ("GRU", {"reset_after": False, "go_backwards": True}),
        ("GRU", {"reset_after": False, "use_bias": False}),
    ],
)
def test_steps_by_single_ops_learn_what_the_op_does(kind, options, rng):
    """They are there for other activations, and must know tanh and sigmoid, too."""
    x, y = sequences(rng, 4, T, D), sequences(rng, 4, U)
    x[1, 3:] = 0
    y = np.repeat(y[:, None], T, axis=1) if options.get("return_sequences") else y
    learned = []
    for has_op in (True, False):
        brasa.set_seed(1)
        layer = make(kind, **options)
        layer.has_op = has_op
        model = Sequential([Input(batch_shape=(2, T, D)), layers.Masking(), layer])
        learned.append([*trained(model, x, y), model.predict(x, batch_size=2)])
    for one, other in zip(*learned, strict=True):
        assert_close(one, other, 1e-5)


def test_silu_in_a_simple_rnn(tmp_path, rng):
    model = Sequential([Input((None, D)), layers.SimpleRNN(U, activation="swish")])
    x, h = sequences(rng, N, T, D), np.zeros((N, U))
    kernel, recurrent, bias = (w.astype(np.float64) for w in model.get_weights())
    for t in range(T):
        h = x[:, t] @ kernel + h @ recurrent + bias
        h /= 1 + np.exp(-h)
    model.save(tmp_path / "model.brasa")
    for one in (model, brasa.load_model(tmp_path / "model.brasa")):
        assert_close(one.predict(x), h, 1e-5)


def test_relu_in_an_lstm(tmp_path, rng):
    model = Sequential([Input((None, D)), layers.LSTM(U, activation="relu")])
    x = sequences(rng, N, T, D)
    kernel, recurrent, bias = (w.astype(np.float64) for w in model.get_weights())
    h = c = np.zeros((N, U))
    for t in range(T):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.maximum(g, 0)
        h = o * np.maximum(c, 0)
    model.save(tmp_path / "model.brasa")
    for one in (model, brasa.load_model(tmp_path / "model.brasa")):
        assert_close(one.predict(x), h, 1e-5)


def test_too_few_first_states(rng):
    layer, x = layers.LSTM(U), sequences(rng, N, T, D)
    with pytest.raises(ValueError, match="all first states: 2, got 1"):
        layer(x, initial_state=[sequences(rng, N, U)])
