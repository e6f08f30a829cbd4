"""The closed table of layers, and configs that do not fit it."""

import pytest

from brasa import layers, ops
from brasa.layers.base import Layer


class Doubled(Layer):
    def call(self, x):
        return ops.scale(x, 2.0)


def test_every_exported_layer_is_in_the_table():
    exported = {
        name
        for name in layers.__all__
        if isinstance(item := getattr(layers, name), type) and issubclass(item, Layer)
    }
    assert set(layers.LAYERS) == exported - {"Layer"}
    assert all(cls.__name__ == name for name, cls in layers.LAYERS.items())


@pytest.mark.parametrize("name", sorted(layers.LAYERS))
def test_names_are_those_of_keras(name):
    snake = {
        "AveragePooling2D": "average_pooling2d",
        "Conv2D": "conv2d",
        "GlobalAveragePooling2D": "global_average_pooling2d",
        "GlobalMaxPooling2D": "global_max_pooling2d",
        "InputLayer": "input_layer",
        "BatchNormalization": "batch_normalization",
        "LeakyReLU": "leaky_re_lu",
        "MaxPooling2D": "max_pooling2d",
        "ReLU": "re_lu",
        "RepeatVector": "repeat_vector",
        "SimpleRNN": "simple_rnn",
        "TimeDistributed": "time_distributed",
    }
    arguments = {
        "Activation": ["relu"],
        "Bidirectional": [layers.LSTM(1)],
        "Conv2D": [1, 1],
        "Dense": [1],
        "Dropout": [0.5],
        "Embedding": [3, 2],
        "GRU": [1],
        "InputLayer": [(1,)],
        "LSTM": [1],
        "RepeatVector": [2],
        "Rescaling": [2.0],
        "Reshape": [(1,)],
        "SimpleRNN": [1],
        "TimeDistributed": [layers.Dense(1)],
    }
    layer = layers.LAYERS[name](*arguments.get(name, []))
    assert layer.name == snake.get(name, name.lower())
    assert layers.LAYERS[name](*arguments.get(name, []), name="mine").name == "mine"


def test_a_custom_layer_inside_a_wrapper():
    config = layers.serialize(layers.TimeDistributed(layers.TimeDistributed(Doubled(name="two"))))
    layer = layers.deserialize(config, {"Doubled": Doubled})
    assert isinstance(layer.layer.layer, Doubled)
    with pytest.raises(ValueError, match="'Doubled' is unknown"):
        layers.deserialize(config)


def test_custom_objects():
    config = layers.serialize(Doubled(name="two"))
    layer = layers.deserialize(config, {"Doubled": Doubled})
    assert layer.name == "two"
    assert layer([[1.0]]).item() == 2.0


@pytest.mark.parametrize(
    ("config", "custom", "error", "message"),
    [
        ({"class_name": "Dence", "config": {}}, None, ValueError, "Did you mean 'Dense'"),
        ({"class_name": "os.system", "config": {}}, None, ValueError, "is unknown"),
        ({"class_name": "Doubled", "config": {}}, None, ValueError, "is unknown"),
        ({"class_name": "Dense", "config": []}, None, ValueError, "must be a dictionary"),
        ({"class_name": "Dense", "config": {"unit": 1}}, None, TypeError, "unit"),
        ({"class_name": ["Dense"]}, None, ValueError, "class_name"),
        ({"config": {}}, None, ValueError, "class_name"),
        ("Dense", None, ValueError, "class_name"),
        (None, None, ValueError, "class_name"),
        ({"class_name": "D"}, {"D": 3}, TypeError, "subclass of Layer"),
        ({"class_name": "D"}, {"D": dict}, TypeError, "subclass of Layer"),
    ],
)
def test_bad_configs(config, custom, error, message):
    with pytest.raises(error, match=message):
        layers.deserialize(config, custom)
