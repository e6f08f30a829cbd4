"""Functions of the user's own: Lambda, and ``activation=``."""

import copy
import pickle

import numpy as np
import pytest

import brasa
from brasa import FormatError, Input, Model, Sequential, layers, models, ops
from brasa.testing.assertions import assert_same_bits

X = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)


def halved(x, by=0.5):
    return ops.scale(x, by)


def gated(x):
    return ops.multiply(x, ops.sigmoid(x))


def make():
    stack = [layers.Dense(4, gated), layers.Lambda(halved, {"by": 0.25}), layers.Activation(gated)]
    learned = layers.TimeDistributed(layers.Conv1D(3, 1, activation=layers.PReLU()))
    model = Sequential([Input((4,)), *stack, layers.Reshape((2, 2, 1)), learned])
    model.compile("adam", "mse")
    model.train_on_batch(X, np.ones((6, 2, 2, 3)))
    return model


def test_a_layer_calls_the_function():
    kernel, bias = np.eye(4, dtype=np.float32), np.zeros(4)
    dense = layers.Dense(4, gated)
    dense.build((None, 4))
    dense.set_weights([kernel, bias])
    np.testing.assert_allclose(dense(X), X / (1 + np.exp(-X)), rtol=1e-5, atol=1e-6)
    assert_same_bits(layers.Lambda(halved, arguments={"by": 0.25})(X), X / 4)
    total = layers.Lambda(lambda pair: ops.add(*pair))
    x = Input((4,))
    assert_same_bits(Model(x, total([x, x])).predict(X), 2 * X)


def test_a_function_is_told_of_training():
    layer = layers.Lambda(lambda x, training: ops.scale(x, 2.0 if training else 1.0))
    kernel = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = Sequential([Input((4,)), layer, kernel])
    model.compile("sgd", "mae")
    ones = np.ones((2, 4), np.float32)
    assert model.test_on_batch(ones, 4 * ones[:, :1]) == 0
    assert model.train_on_batch(ones, 8 * ones[:, :1]) == 0
    assert layer.heeds_training
    assert not layers.Lambda(halved).heeds_training


def test_functions_come_back_by_their_names(tmp_path):
    model = make()
    assert [p.name for p in model.weights][-1] == "time_distributed/p_re_lu/alpha"
    model.save(tmp_path / "model")
    own = {"gated": gated, "halved": halved}
    loaded = brasa.load_model(tmp_path / "model", own)
    for twin in (loaded, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert_same_bits(twin.predict(X), model.predict(X))
    assert models.clone_model(model).count_params() == model.count_params()
    with pytest.raises(FormatError, match=r"'halved' is unknown; .* custom_objects={'halved'"):
        brasa.load_model(tmp_path / "model", {"gated": gated})
    with pytest.raises(FormatError, match="Dense: activation 'gated' is unknown"):
        brasa.load_model(tmp_path / "model")


@pytest.mark.parametrize("make_layer", [layers.Activation, layers.Lambda])
def test_files_cannot_hold_what_has_no_name(make_layer, tmp_path):
    model = Sequential([Input((4,)), layers.Dense(2), make_layer(lambda x: x + x)])
    with pytest.raises(ValueError, match=r"files cannot hold the function .*save_weights\(\)"):
        model.save(tmp_path / "model")
    assert_same_bits(copy.deepcopy(model).predict(X), model.predict(X))

    def relu(x):
        return x

    with pytest.raises(ValueError, match="files cannot hold the function"):
        layers.Dense(2, relu).get_config()


@pytest.mark.parametrize(
    ("make_it", "message"),
    [
        (lambda: layers.Lambda(3), "function must be a function, got 3"),
        (lambda: layers.Lambda(halved, [1]), r"arguments must be a dictionary, got \[1\]"),
        (lambda: layers.Dense(2, activation=3), "must be one of the names .*got 3"),
        (lambda: layers.Dense(2, activation=layers.ReLU), "must be one of the names .*got <class"),
    ],
)
def test_bad_arguments(make_it, message):
    with pytest.raises(TypeError, match=message):
        make_it()
