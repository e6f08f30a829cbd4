"""Activation, ReLU, LeakyReLU, Softmax, and activation functions by name."""

import numpy as np
import pytest

from brasa import layers, ops
from brasa.layers.activations import FUNCTIONS, activation_function


@pytest.mark.parametrize("shape", [(5,), (4, 3, 2)], ids=str)
@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_activation_keeps_the_contract(check_layer, name, shape):
    x, y = check_layer(layers.Activation(name), shape, output=shape)
    np.testing.assert_array_equal(y, FUNCTIONS[name](x))


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (layers.ReLU(), ops.relu),
        (layers.ReLU(None, 0.1), lambda x: ops.leaky_relu(x, 0.1)),
        (layers.LeakyReLU(), lambda x: ops.leaky_relu(x, 0.3)),
        (layers.LeakyReLU(0), lambda x: ops.leaky_relu(x, 0.0)),
        (layers.LeakyReLU(negative_slope=2), lambda x: ops.leaky_relu(x, 2.0)),
        (layers.Softmax(), ops.softmax),
        (layers.Softmax(axis=2), ops.softmax),
    ],
    ids=lambda item: getattr(item, "name", None),
)
def test_layers_keep_the_contract(check_layer, layer, function):
    x, y = check_layer(layer, (4, 3), output=(4, 3))
    np.testing.assert_array_equal(y, function(x))


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_functions_by_name_and_by_op(name):
    assert activation_function("Dense", name) is getattr(ops, name)
    assert activation_function("Dense", getattr(ops, name)) is getattr(ops, name)
    assert FUNCTIONS[name].__name__ == name


def test_no_activation_is_linear():
    assert activation_function("Dense", None) is ops.linear


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Activation("sigmod"), ValueError, "Activation: .*mean 'sigmoid'"),
        (lambda: layers.Activation("gelu"), ValueError, "Known: leaky_relu, linear, relu"),
        (lambda: layers.Activation(np.tanh), TypeError, "function of that name in brasa.ops"),
        (lambda: layers.Activation(np.zeros(3)), TypeError, "Activation: activation must be"),
        (lambda: layers.ReLU(6.0), ValueError, "ReLU: max_value must be None, got 6.0"),
        (lambda: layers.ReLU(negative_slope=-1), ValueError, "ReLU: negative_slope must be"),
        (lambda: layers.ReLU(negative_slope=np.nan), ValueError, "ReLU: negative_slope must be"),
        (lambda: layers.LeakyReLU(-0.1), ValueError, "LeakyReLU: negative_slope must be"),
        (lambda: layers.LeakyReLU(np.inf), ValueError, "LeakyReLU: negative_slope must be"),
        (lambda: layers.LeakyReLU("steep"), TypeError, "LeakyReLU: negative_slope must be"),
        (lambda: layers.Softmax(1.0), TypeError, "Softmax: axis must be a whole number"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_softmax_along_another_axis():
    with pytest.raises(ValueError, match=r"layer 'softmax'.*only the last axis"):
        layers.Softmax(axis=1)(layers.Input((4, 3)))
