"""Recurrent layers with their options, masks that leave out any step among them."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, ops
from tests.onnx.running import compare, operators, shapes, stirred

KINDS = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "gru_before": lambda *a, **o: layers.GRU(*a, reset_after=False, **o),
    "rnn": layers.SimpleRNN,
    "rnn_relu": lambda *a, **o: layers.SimpleRNN(*a, activation="relu", **o),
    "rnn_sigmoid": lambda *a, **o: layers.SimpleRNN(*a, activation="sigmoid", **o),
    "rnn_linear": lambda *a, **o: layers.SimpleRNN(*a, activation="linear", **o),
}

OPTIONS = [
    {},
    {"return_sequences": True},
    {"go_backwards": True},
    {"go_backwards": True, "return_sequences": True},
    {"use_bias": False, "dropout": 0.5},
    {"return_state": True, "return_sequences": True},
]


def model_of(layer, steps, masked):
    ids = Input((steps,), dtype="int32")
    return stirred(Model(ids, layer(layers.Embedding(5, 4, mask_zero=masked)(ids))))


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o) or "plain")
@pytest.mark.parametrize("kind", KINDS)
def test_layers_of_one_op(kind, options, tmp_path):
    for steps, masked in ((6, False), (None, False), (6, True), (None, True)):
        layer = KINDS[kind](5, **options)
        file = compare(model_of(layer, steps, masked), tmp_path, lengths=(1, 7))
        assert {"LSTM", "GRU", "RNN"} & set(operators(file))
        assert shapes(file.graph.input) == [["N", steps or "T"]]


# Rows without padding, padded behind, in front, in the middle, and nowhere anything else.
MASKS = np.array(
    [[1, 2, 3, 4, 1], [1, 2, 0, 0, 0], [0, 0, 3, 4, 2], [1, 0, 0, 4, 0], [0, 0, 0, 0, 0]]
)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_any_mask_and_first_states(kind, backwards, tmp_path):
    count = 2 if kind == "lstm" else 1
    ids, first = Input((None,), dtype="int32"), [Input((5,)) for _ in range(count)]
    layer = KINDS[kind](5, go_backwards=backwards, return_sequences=True, return_state=True)
    rows = layers.Embedding(5, 4, mask_zero=True)(ids)
    model = stirred(Model([ids, *first], layer(rows, initial_state=first)))
    rng = np.random.default_rng(0)
    states = [rng.standard_normal((len(MASKS), 5)).astype("f") for _ in range(count)]
    compare(model, tmp_path, arrays=[[MASKS.astype("i"), *states]])


@pytest.mark.parametrize("merge", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("sequences", [False, True])
def test_both_directions(merge, sequences, tmp_path):
    for masked in (False, True):
        inner = layers.LSTM(5, return_sequences=sequences)
        layer = layers.Bidirectional(inner, merge_mode=merge)
        compare(model_of(layer, None, masked), tmp_path, lengths=(1, 6))


def test_stacks_and_masks_that_are_passed_on(tmp_path):
    model = Sequential(
        [
            Input((None,), dtype="int32"),
            layers.Embedding(5, 4, mask_zero=True),
            layers.GRU(4, return_sequences=True),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(4, "tanh")),
            layers.GlobalAveragePooling1D(),
        ]
    )
    compare(stirred(model), tmp_path, lengths=(3, 8))


def test_masking_of_features(tmp_path):
    x = np.random.default_rng(0).standard_normal((3, 6, 4)).astype("f")
    x[0, 2:] = x[1, :3] = x[2, 1] = 0
    model = Sequential([Input((6, 4)), layers.Masking(), layers.LSTM(3, return_sequences=True)])
    compare(stirred(model), tmp_path, arrays=[[x]])


class Curved(layers.Layer):
    """The op itself, which has more activations than the layer asks of it."""

    def __init__(self, activation):
        super().__init__()
        self.activation = activation

    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", (input_shape[-1], 5))
        self.recurrent = self.add_weight("recurrent", (5, 5), "orthogonal")

    def call(self, x):
        options = {"activation": self.activation, "go_backwards": True, "training": False}
        y, h, _ = ops.simple_rnn(x, self.kernel, self.recurrent, None, **options)
        return [y, h]


@pytest.mark.parametrize("name", ["elu", "leaky_relu", "relu"])
def test_the_op_with_other_activations(name, tmp_path):
    x = Input((None, 4))
    compare(stirred(Model(x, Curved(name)(x))), tmp_path, lengths=(1, 6))


class Total(layers.Layer):
    state_size = 4

    def call(self, inputs, states):
        total = ops.add(inputs, ops.scale(states[0], 0.5))
        return total, [total]


# What has no op is the ops of each step, whose number must be known.
STEPWISE = {
    "own_cell": lambda: layers.RNN(Total(), return_sequences=True),
    "lstm_relu": lambda: layers.LSTM(3, activation="relu", recurrent_activation="hard_sigmoid"),
    "gru_elu": lambda: layers.GRU(3, activation="elu", reset_after=False),
    "rnn_gelu": lambda: layers.SimpleRNN(3, activation="gelu"),
}


@pytest.mark.parametrize("name", STEPWISE)
def test_layers_of_steps(name, tmp_path):
    compare(stirred(Sequential([Input((5, 4)), STEPWISE[name]()])), tmp_path)


def test_open_lengths_of_these_are_closed_by_a_signature(tmp_path):
    model = stirred(Sequential([Input((None, 4)), STEPWISE["own_cell"]()]))
    with pytest.raises(ValueError, match="export: layer 'rnn' has other ops for other extents"):
        model.export(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
    file = compare(model, tmp_path, lengths=(5,), input_signature=[(None, 5, 4)])
    assert shapes(file.graph.input) == [["N", 5, 4]]


def test_stacked_cells(tmp_path):
    cells = [layers.LSTMCell(3), layers.GRUCell(4), layers.SimpleRNNCell(2)]
    model = Sequential([Input((None, 4)), layers.RNN(cells, return_sequences=True)])
    compare(stirred(model), tmp_path, lengths=(2, 5))
