"""Ops on outputs of layers: nodes of a model, named after the op, in files and copies."""

import copy
import pickle

import numpy as np
import pytest

from brasa import Input, Model, Sequential, activations, layers, load_model, models, ops, utils
from brasa.testing.assertions import assert_close, assert_same_bits
from tests.with_keras import keras as keras_of


def of_images(layers, ops, Input, Model):
    x = Input((8, 8, 3))
    h = ops.relu(layers.Conv2D(4, 3, padding="same")(x))
    h = h + 0.5 * ops.square(h)
    h = ops.concatenate([h, x], axis=-1)
    g = ops.mean(h, axis=(1, 2))
    return Model(x, layers.Dense(5)(g / (1.0 + ops.abs(g))))


def of_attention(layers, ops, Input, Model):
    x = Input((6, 5))
    q, k, v = (layers.Dense(4)(x) for _ in range(3))
    scores = ops.softmax(ops.matmul(q, ops.transpose(k, (0, 2, 1))) / 2.0, axis=-1)
    heads = ops.stack([scores @ v, ops.tanh(v)], axis=1)
    return Model(x, layers.Dense(3)(ops.max(ops.reshape(heads, (-1, 12, 4)), axis=1)))


def of_two(layers, ops, Input, Model):
    a, b = Input((4,)), Input((4,))
    c, d = layers.Dense(3)(a), layers.Dense(3)(b)
    larger = ops.where(ops.relu(c - d), c, 0.5) - ops.maximum(1 / (2 + c**2), d)
    row = ops.squeeze(ops.expand_dims(larger, 1), 1)
    return Model([a, b], [ops.multiply(2.0, ops.add(row, 1)), layers.Dense(1)(abs(-row))])


NETWORKS = {"images": of_images, "attention": of_attention, "two": of_two}


def made(network):
    return NETWORKS[network](layers, ops, Input, Model)


def data_for(model, rng):
    x = [rng.standard_normal((7, *t.shape[1:])).astype("f") for t in model.inputs]
    y = [rng.standard_normal((7, *t.shape[1:])).astype("f") for t in model.outputs]
    return (v[0] if len(v) == 1 else v for v in (x, y))


def all_close(got, want):
    for one, other in zip(*(v if isinstance(v, list) else [v] for v in (got, want)), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_are_those_of_keras(network, rng):
    keras = keras_of()
    ours = made(network)
    theirs = NETWORKS[network](keras.layers, keras.ops, keras.Input, keras.Model)
    theirs.set_weights(ours.get_weights())
    x, y = data_for(ours, rng)
    assert ours.output_shape == (
        [t.shape for t in theirs.outputs] if len(theirs.outputs) > 1 else theirs.output_shape
    )
    all_close(ours.predict(x), theirs.predict(x, verbose=0))
    ours.compile("sgd", "mse")
    theirs.compile(keras.optimizers.SGD(0.01), "mse")
    before = ours.get_weights()
    ours.train_on_batch(x, y)
    theirs.train_on_batch(x, y)
    assert all((a != b).any() for a, b in zip(before, ours.get_weights(), strict=True))
    all_close(ours.get_weights(), [np.asarray(w.value) for w in theirs.weights])


@pytest.mark.parametrize("network", NETWORKS)
def test_files_and_copies_hold_operations(network, rng, tmp_path):
    model = made(network)
    x, y = data_for(model, rng)
    model.compile("sgd", "mse")
    model.train_on_batch(x, y)
    model.save(tmp_path / "model.brasa")
    wanted = model.predict(x)
    clone = models.clone_model(model)
    clone.set_weights(model.get_weights())
    described = models.model_from_json(model.to_json())
    described.set_weights(model.get_weights())
    twins = [load_model(tmp_path / "model.brasa"), clone, described]
    twins += [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    for twin in twins:
        assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
        got = twin.predict(x)
        for one, other in zip(*(v if type(v) is list else [v] for v in (got, wanted)), strict=True):
            assert_same_bits(one, other)


def test_configs_say_op_arguments_and_operands():
    a, b = Input((4,)), Input((4,))
    operation = ops.where(a, ops.concatenate([b, a])[:, :4], np.float32(0.5)).call.layer
    assert operation.get_config() == {
        "name": "where",
        "trainable": True,
        "op": "ops.where",
        "arguments": {"condition": {"tensor": 0}, "a": {"tensor": 1}, "b": 0.5},
    }
    twice = ops.multiply(a, a).call
    assert twice.inputs is a
    assert twice.layer.arguments == {"a": {"tensor": 0}, "b": {"tensor": 0}}
    capped = ops.clip(a, -np.inf, 1).call.layer
    assert capped.arguments["low"] == {"number": "-inf"}
    assert_same_bits(capped(np.float32([[-3, 2]])), np.float32([[-3, 1]]))


def test_operations_are_named_after_ops_and_shown(capsys):
    x = Input((4,))
    model = Model(x, ops.relu(ops.square(ops.relu(x) - 1)))
    assert [layer.name for layer in model.layers] == ["relu", "rescaling", "square", "relu_1"]
    model.summary()
    assert "relu_1 (Operation)" in capsys.readouterr().out
    drawn = str(utils.model_to_dot(model))
    assert all(layer.name in drawn for layer in model.layers)


def test_activations_are_operations(rng):
    x = rng.standard_normal((3, 4)).astype("f")
    for name in ("relu", "celu", "log_sigmoid", "glu", "softmax", "swish"):
        activation = getattr(activations, name)
        tensor = Input((4,))
        output = activation(tensor)
        assert output.call.layer.name == {"swish": "silu"}.get(name, name)
        assert_close(Model(tensor, output).predict(x), activation(x), 1e-6)
    assert_same_bits(Model(tensor, activations.threshold(tensor, 0.0, 2.0)).predict(x) == x, x > 0)


def test_operations_have_open_lengths(rng):
    x = Input((None, 3))
    flipped = ops.concatenate([x, ops.flip(x, 1)], axis=1)
    steps = ops.expand_dims(ops.sum(flipped, axis=-1), -1)
    assert steps.shape == (None, None, 1)
    model = Model(x, [steps, ops.mean(steps, axis=1)])
    for length in (2, 5):
        values = rng.standard_normal((4, length, 3)).astype("f")
        got, mean = model.predict(values)
        wanted = np.concatenate([values, values[:, ::-1]], 1).sum(-1, keepdims=True)
        assert_close(got, wanted, 1e-5)
        assert_close(mean, wanted.mean(1), 1e-5)


def test_masks_go_on_where_steps_stay():
    ids = Input((5,), dtype="int32")
    a, b = (layers.Embedding(3, 2, mask_zero=True)(ids) for _ in range(2))
    assert ops.relu(a).mask_shape == (None, 5)
    assert (a / ops.exp(b)).mask_shape == (None, 5)
    assert ops.concatenate([a, b]).mask_shape == (None, 5)
    assert ops.concatenate([a, b], axis=1).mask_shape == (None, 10)
    with pytest.warns(UserWarning, match=r"'mean' \(Operation\) gets a mask and does not pass"):
        assert ops.mean(a, axis=1).mask_shape is None
    values = np.array([[1, 2, 0, 0, 0], [2, 1, 1, 0, 0]])
    model = Model(ids, layers.LSTM(2)(ops.tanh(a) * 2))
    short = Model(ids, layers.LSTM(2, return_sequences=True)(ops.tanh(a) * 2))
    model.layers[-1].set_weights(short.layers[-1].get_weights())
    steps = short.predict(values)
    assert_close(model.predict(values), np.stack([steps[0, 1], steps[1, 2]]), 1e-6)


def test_operations_in_models_inside_and_shared(rng):
    x = Input((4,))
    half = Model(x, ops.divide(ops.abs(x), 1 + ops.square(x)), name="half")
    a, b = Input((4,)), Input((4,))
    whole = Model([a, b], ops.subtract(half(a), half(b)))
    values = [rng.standard_normal((3, 4)).astype("f") for _ in range(2)]
    first, second = (abs(v) / (1 + v**2) for v in values)
    assert_close(whole.predict(values), first - second, 1e-6)
    stack = Sequential([Input((4,)), layers.Operation("ops.square"), half])
    square = values[0] ** 2
    assert_close(stack.predict(values[0]), square / (1 + square**2), 1e-6)


def test_one_hot_takes_whole_numbers():
    ids = Input((3,))
    model = Model(ids, ops.one_hot(ids, 4))
    assert_same_bits(model.predict(np.array([[0, 3, 1]]))[0], np.eye(4, dtype="f")[[0, 3, 1]])


def test_a_call_with_ops_is_one_layer_still():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return ops.relu(self.dense(x)) / 2

    own = Own()
    own.build((None, 3))
    assert [type(layer).__name__ for layer in own.layers] == ["Dense"]


def test_arrays_are_constants_of_the_model(rng, tmp_path):
    w = rng.standard_normal(4)
    x = Input((5, 4))
    scaled = w * (x - w) / np.abs(w) + ops.maximum(x, w)
    model = Model(x, (1.0 - scaled * np.float32(2) - w) @ np.eye(4)[:, :2])
    values = rng.standard_normal((3, 5, 4), dtype=np.float32)
    expected = w * (values - w) / np.abs(w) + np.maximum(values, w)
    expected = (1.0 - expected * 2 - w) @ np.eye(4)[:, :2]
    np.testing.assert_allclose(model.predict(values), expected, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.brasa")
    assert_same_bits(load_model(tmp_path / "model.brasa").predict(values), model.predict(values))
    all_close(copy.deepcopy(model).predict(values), model.predict(values))


IMPOSSIBLE = {
    "no batch": (ops.sum, ValueError, r"ops.sum: the first axis .* \(\) of \(N, 5"),
    "moved": (lambda x: ops.transpose(x, (1, 0, 2)), ValueError, r"got \(5, N, 4\) of \(N, 5, 4\)"),
    "in the batch": (lambda x: ops.reshape(x, (-1, 4)), ValueError, "the first axis of the result"),
    "stacked": (lambda x: ops.stack([x, x]), ValueError, r"got \(2, N, 5, 4\)"),
    "a size": (lambda x: ops.reshape(x, (5, 4)), ValueError, r"'reshape' .* \(N, 5, 4\)"),
    "a gradient": (lambda x: ops.relu_backward(x, x), ValueError, "for gradients and weights"),
    "a step": (lambda x: ops.sgd_step(x, x, 0.1), TypeError, "sgd_step: g must be a NumPy array"),
    "an array": (lambda x: x + np.ones(3), ValueError, "cannot be broadcast"),
    "whole numbers": (lambda x: x * np.arange(4), TypeError, "must be float32 .*, got int64"),
    "texts": (lambda x: x + np.array(["a"]), TypeError, "x1 must hold real numbers"),
    "a layer": (lambda x: ops.maximum(x, layers.Dense(2)), TypeError, "maximum: b must be an out"),
    "out": (lambda x: ops.relu(x, out=np.ones(3, "f")), ValueError, "ops.relu: out= cannot"),
    "an exponent": (lambda x: ops.power(2.0, x), TypeError, "exponent must be a number"),
    "from outside": (
        lambda x: layers.Lambda(lambda v: ops.add(v, x))(x),
        TypeError,
        r"the call\(\) of a layer gets it as an input",
    ),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_is_said(name):
    call, error, message = IMPOSSIBLE[name]
    with pytest.raises(error, match=message):
        call(Input((5, 4)))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["ops.rleu"], ValueError, "Did you mean 'ops.relu'"),
        (["ops.sgd_step"], ValueError, "is for gradients and weights"),
        (["activations.relyou"], ValueError, "Operation: op"),
        ([3], TypeError, "Operation: op must be a name, got 3"),
        (["ops.relu", [1]], TypeError, "arguments must be a dictionary"),
        (["ops.relu", {"y": {"tensor": 0}}], ValueError, "argument of ops.relu"),
        (["ops.relu", {"x": {"tensor": "0"}}], TypeError, "the tensor of x must be a whole number"),
        (["ops.add", {"xs": [{"tensor": 0}, {1}]}], TypeError, "xs must be an output of a layer"),
    ],
    ids=str,
)
def test_configs_that_are_none(arguments, error, message):
    with pytest.raises(error, match=message):
        layers.Operation(*arguments)


def test_an_operand_that_is_not_there():
    with pytest.raises(ValueError, match="Operation: tensor 1 of 1 inputs"):
        layers.Operation("ops.relu", {"x": {"tensor": 1}})(Input((3,)))


def test_functions_are_pickled_by_name():
    for function in (ops.relu, ops.swish, ops.max, activations.celu):
        assert pickle.loads(pickle.dumps(function)) is function
    assert ops.swish is ops.silu
