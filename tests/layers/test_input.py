"""Input and InputLayer."""

import numpy as np
import pytest

import brasa
from brasa import layers
from brasa.layers.tensor import LayerTensor


def test_input_is_a_tensor_without_a_call():
    tensor = brasa.Input((28, 28, 1))
    assert isinstance(tensor, LayerTensor)
    assert (tensor.shape, tensor.call, tensor.dtype) == ((None, 28, 28, 1), None, "float32")
    assert tensor.name == "input"


def test_input_shows_batch_size_and_name():
    tensor = brasa.Input([3], batch_size=8, name="x")
    assert (tensor.shape, tensor.name) == ((8, 3), "x")


def test_a_tensor_prints_itself_not_its_past():
    x = brasa.Input((3,), name="x")
    assert repr(x) == "<LayerTensor 'x' (None, 3) float32>"
    for _ in range(64):  # the past of each would be told twice by the next
        x = layers.Add()([x, layers.Dense(3)(x)])
    assert repr(x) == f"<LayerTensor {x.name!r} (None, 3) float32>"
    assert repr(x.call) == f"<LayerCall {x.name!r} [(None, 3)]>"


def test_the_batch_may_be_given_with_the_shape():
    assert brasa.Input(batch_shape=(None, 3)).shape == (None, 3)
    assert brasa.Input(batch_shape=(8, None, 3), name="x").shape == (8, None, 3)
    for wrong in ({"shape": (3,)}, {"batch_size": 2}):
        with pytest.raises(ValueError, match="in place of shape and batch_size"):
            brasa.Input(batch_shape=(None, 3), **wrong)
    for wrong in (3, ()):
        with pytest.raises(TypeError, match="batch_shape must be a tuple"):
            brasa.Input(batch_shape=wrong)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_input_of_whole_numbers(dtype):
    assert brasa.Input((3,), dtype=dtype).dtype == "int32"
    layer = layers.InputLayer((3,), dtype=dtype)
    assert layer.output.dtype == layer.get_config()["dtype"] == "int32"


def test_an_open_axis():
    assert brasa.Input((None, 28)).shape == (None, None, 28)
    layer = layers.InputLayer((None, 2), name="front")
    x = np.zeros((2, 5, 2), np.float32)
    assert layer(x) is x
    for wrong in (x[0], x[..., :1]):
        with pytest.raises(ValueError, match=r"'front': expected an input of \(N, None, 2\)"):
            layer(wrong)


def test_input_layer_keeps_the_contract(check_layer):
    x, y = check_layer(layers.InputLayer((4, 2)), (4, 2), output=(4, 2))
    assert y is x


def test_input_layer_refuses_another_shape():
    layer = layers.InputLayer((4,), name="front")
    with pytest.raises(ValueError, match=r"InputLayer 'front': expected an input of \(N, 4\)"):
        layer(np.zeros((2, 5), np.float32))


@pytest.mark.parametrize("front", [brasa.Input((4,)), layers.InputLayer((4,))])
def test_first_entry_of_a_sequential(front):
    model = brasa.Sequential([front, layers.Dense(3)])
    assert model.output_shape == (None, 3)
    assert model.count_params() == 15
    assert [layer.name for layer in model.layers] == ["dense"]


@pytest.mark.parametrize("make", [brasa.Input, layers.InputLayer])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"shape": 784}, TypeError, r"shape must be a tuple such as \(784,\)"),
        ({"shape": "784"}, TypeError, "shape must be a tuple"),
        ({"shape": (28.0,)}, TypeError, "whole number"),
        ({"shape": (True,)}, TypeError, "whole number"),
        ({"shape": (0,)}, ValueError, "shape must be >= 1, got 0"),
        ({"shape": (-1,)}, ValueError, "shape must be >= 1"),
        ({"shape": (2**63,)}, ValueError, "64 bits"),
        ({"shape": (2,), "batch_size": 0}, ValueError, "batch_size must be >= 1"),
        ({"shape": (2,), "batch_size": 2.5}, TypeError, "batch_size must be a whole number"),
        ({"shape": (2,), "dtype": "uint8"}, ValueError, "dtype must be 'float32', or 'int32'"),
        ({"shape": (2,), "dtype": ""}, ValueError, "dtype must be 'float32'"),
    ],
)
def test_bad_arguments(make, arguments, error, message):
    with pytest.raises(error, match=f"{make.__name__}: .*{message}"):
        make(**arguments)


def test_an_input_that_does_not_say_it_holds_what_its_first_layer_takes():
    ids = brasa.Input((3,))
    vectors = layers.Embedding(5, 2)(ids)
    assert ids.dtype == "int32"
    model = brasa.Model(ids, vectors)
    assert model.predict(np.array([[0, 1, 4]])).shape == (1, 3, 2)
    stack = brasa.Sequential([brasa.Input((None,)), layers.Embedding(5, 2)])
    assert stack.predict(np.array([[0, 1, 4]])).shape == (1, 3, 2)


def test_an_input_that_says_it_is_taken_at_its_word():
    with pytest.raises(TypeError, match="embedding: ids must be int32, got float32"):
        layers.Embedding(5, 2)(brasa.Input((3,), dtype="float32"))
    ids = brasa.Input((3,))
    layers.Dense(2)(ids)
    assert ids.dtype == "float32"
