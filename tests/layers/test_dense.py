"""Dense."""

import numpy as np
import pytest

from brasa import initializers, layers, ops
from brasa.testing import reference
from brasa.testing.assertions import assert_close, reduction_bound


@pytest.mark.parametrize("leading", [(), (5,), (2, 3)], ids=str)
def test_keeps_the_contract(check_layer, leading):
    weights = [("kernel", (7, 4)), ("bias", (4,))]
    check_layer(layers.Dense(4, "tanh"), (*leading, 7), output=(*leading, 4), weights=weights)


def test_without_bias(check_layer):
    layer = layers.Dense(4, use_bias=False, trainable=False, name="last")
    check_layer(layer, (7,), output=(4,), weights=[("kernel", (7, 4))])
    assert layer.bias is None
    assert layer.trainable_weights == []


def test_is_its_equation(check_layer):
    layer = layers.Dense(6, bias_initializer="random_normal")
    x, y = check_layer(layer, (9,), output=(6,), weights=[("kernel", (9, 6)), ("bias", (6,))])
    w, b = layer.get_weights()
    bound = reduction_bound(9, reference.dense(np.abs(x), np.abs(w), np.abs(b)))
    assert_close(y, reference.dense(x, w, b), bound)


@pytest.mark.parametrize(
    "name",
    ["linear", "relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax", "gelu", "silu"],
)
def test_activation_is_the_op_of_that_name(check_layer, name):
    layer = layers.Dense(6, activation=name)
    x, y = check_layer(layer, (9,), output=(6,), weights=[("kernel", (9, 6)), ("bias", (6,))])
    want = getattr(ops, name)(ops.dense(x, layer.kernel, layer.bias))
    np.testing.assert_array_equal(y, want)
    assert layers.Dense(1, getattr(ops, name)).get_config()["activation"] == name


def test_weights_come_from_the_initializers():
    layer = layers.Dense(3, None, True, "ones", initializers.Constant(2.0))
    layer(np.zeros((1, 2), np.float32))
    np.testing.assert_array_equal(layer.kernel.value, np.ones((2, 3)))
    np.testing.assert_array_equal(layer.bias.value, [2, 2, 2])


def test_input_shape_builds_a_sequential():
    from brasa import Sequential

    assert Sequential([layers.Dense(3, input_shape=(2,))]).output_shape == (None, 3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, "Dense: units must be >= 1, got 0"),
        ((-3,), ValueError, "Dense: units must be >= 1, got -3"),
        ((2.0,), TypeError, "Dense: units must be a whole number"),
        ((True,), TypeError, "Dense: units must be a whole number"),
        (("3",), TypeError, "Dense: units must be a whole number"),
        ((2**63,), ValueError, "Dense: units does not fit into 64 bits"),
        ((3, "relo"), ValueError, "Dense: activation 'relo' is unknown. Did you mean 'relu'"),
        ((3, int), TypeError, "Dense: activation must be one of the names .*relu"),
        ((3, 7), TypeError, "Dense: activation must be one of the names"),
        ((3, None, 1), TypeError, "Dense: use_bias must be True or False"),
        ((3, None, True, "glorot"), ValueError, "Dense: kernel_initializer 'glorot' is unknown"),
        ((3, None, True, 0.1), TypeError, "Dense: kernel_initializer must be one of the names"),
        ((3, None, True, "ones", None), TypeError, "Dense: bias_initializer must be"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        layers.Dense(*arguments)


def test_unknown_keyword():
    with pytest.raises(TypeError, match="kernel_constraints"):
        layers.Dense(3, kernel_constraints="max_norm")


def test_input_of_rank_1():
    with pytest.raises(ValueError, match=r"layer 'dense'.*rank 2 or more"):
        layers.Dense(3)(np.zeros(4, np.float32))


def test_no_features():
    with pytest.raises(ValueError, match=r"layer 'dense'.*number of features must be >= 1"):
        layers.Dense(3)(np.zeros((2, 0), np.float32))


def test_other_features_than_built_for():
    layer = layers.Dense(3)
    layer(np.zeros((1, 4), np.float32))
    with pytest.raises(ValueError, match="w expects 4 input features, x has"):
        layer(np.zeros((1, 5), np.float32))


def test_whole_numbers_are_refused():
    with pytest.raises(TypeError, match="astype"):
        layers.Dense(3)(np.zeros((1, 4), np.int64))


def test_too_many_units_for_the_machine():
    with pytest.raises(MemoryError, match="needs 140,737,488,355,328 bytes"):
        layers.Dense(2**40)(np.zeros((1, 32), np.float32))
