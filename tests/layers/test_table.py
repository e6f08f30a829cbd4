"""The closed table of layers, and configs that do not fit it."""

import pickle

import numpy as np
import pytest

from brasa import Input, Sequential, layers, ops
from brasa.layers.base import Layer


class Doubled(Layer):
    def call(self, x):
        return ops.scale(x, 2.0)


def test_every_exported_layer_is_in_the_table():
    exported = {
        item.__name__
        for name in layers.__all__
        if isinstance(item := getattr(layers, name), type) and issubclass(item, Layer)
    }
    assert set(layers.LAYERS) == exported - {"Layer"}
    assert all(cls.__name__ == name for name, cls in layers.LAYERS.items())


@pytest.mark.parametrize(
    ("second", "first"),
    [
        ("AvgPool1D", "AveragePooling1D"),
        ("AvgPool2D", "AveragePooling2D"),
        ("Convolution1D", "Conv1D"),
        ("Convolution1DTranspose", "Conv1DTranspose"),
        ("Convolution2D", "Conv2D"),
        ("Convolution2DTranspose", "Conv2DTranspose"),
        ("GlobalAvgPool1D", "GlobalAveragePooling1D"),
        ("GlobalAvgPool2D", "GlobalAveragePooling2D"),
        ("GlobalMaxPool1D", "GlobalMaxPooling1D"),
        ("GlobalMaxPool2D", "GlobalMaxPooling2D"),
        ("MaxPool1D", "MaxPooling1D"),
        ("MaxPool2D", "MaxPooling2D"),
        ("SeparableConvolution1D", "SeparableConv1D"),
        ("SeparableConvolution2D", "SeparableConv2D"),
    ],
)
def test_second_names_of_keras(second, first):
    assert second in layers.__all__
    assert getattr(layers, second) is layers.LAYERS[first]
    assert second not in layers.LAYERS


def test_variables_are_weights():
    x = np.ones((2, 3), np.float32)
    norm, frozen = layers.BatchNormalization(), layers.Dense(2, trainable=False)
    wrapped = layers.TimeDistributed(layers.Dense(2), trainable=False)
    model = Sequential([Input((3,)), norm, frozen])
    wrapped(x[None])
    for owner, trained in ((norm, 2), (frozen, 0), (wrapped, 0), (model, 2)):
        assert owner.variables == owner.weights
        assert owner.trainable_variables == owner.trainable_weights
        assert owner.non_trainable_variables == owner.non_trainable_weights
        assert len(owner.trainable_variables) == trained
        assert len(owner.non_trainable_variables) == len(owner.weights) - trained > 0


@pytest.mark.parametrize("name", sorted(layers.LAYERS))
def test_names_are_those_of_keras(name):
    snake = {
        "ActivityRegularization": "activity_regularization",
        "AdditiveAttention": "additive_attention",
        "AlphaDropout": "alpha_dropout",
        "AveragePooling1D": "average_pooling1d",
        "AveragePooling2D": "average_pooling2d",
        "CenterCrop": "center_crop",
        "Conv1D": "conv1d",
        "Conv1DTranspose": "conv1d_transpose",
        "Conv2D": "conv2d",
        "ConvLSTM2D": "conv_lstm2d",
        "Conv2DTranspose": "conv2d_transpose",
        "Cropping1D": "cropping1d",
        "Cropping2D": "cropping2d",
        "DepthwiseConv1D": "depthwise_conv1d",
        "DepthwiseConv2D": "depthwise_conv2d",
        "GetItem": "get_item",
        "GlobalAveragePooling1D": "global_average_pooling1d",
        "GaussianDropout": "gaussian_dropout",
        "GaussianNoise": "gaussian_noise",
        "GlobalMaxPooling1D": "global_max_pooling1d",
        "GlobalAveragePooling2D": "global_average_pooling2d",
        "GlobalMaxPooling2D": "global_max_pooling2d",
        "InputLayer": "input_layer",
        "BatchNormalization": "batch_normalization",
        "GroupNormalization": "group_normalization",
        "LayerNormalization": "layer_normalization",
        "RMSNormalization": "rms_normalization",
        "LeakyReLU": "leaky_re_lu",
        "MaxPooling1D": "max_pooling1d",
        "MaxPooling2D": "max_pooling2d",
        "MultiHeadAttention": "multi_head_attention",
        "Operation": "relu",  # the op's
        "PReLU": "p_re_lu",
        "RandomCrop": "random_crop",
        "RandomFlip": "random_flip",
        "RandomBrightness": "random_brightness",
        "RandomContrast": "random_contrast",
        "RandomRotation": "random_rotation",
        "RandomTranslation": "random_translation",
        "RandomZoom": "random_zoom",
        "ReLU": "re_lu",
        "RepeatVector": "repeat_vector",
        "SeparableConv1D": "separable_conv1d",
        "SeparableConv2D": "separable_conv2d",
        "SimpleRNN": "simple_rnn",
        "SpatialDropout1D": "spatial_dropout1d",
        "SpatialDropout2D": "spatial_dropout2d",
        "TimeDistributed": "time_distributed",
        "LSTMCell": "lstm_cell",
        "GRUCell": "gru_cell",
        "SimpleRNNCell": "simple_rnn_cell",
        "StackedRNNCells": "stacked_rnn_cells",
        "UnitNormalization": "unit_normalization",
        "UpSampling1D": "up_sampling1d",
        "UpSampling2D": "up_sampling2d",
        "WithMask": "with_mask",
        "ZeroPadding1D": "zero_padding1d",
        "ZeroPadding2D": "zero_padding2d",
    }
    arguments = {
        "Activation": ["relu"],
        "AlphaDropout": [0.5],
        "Bidirectional": [layers.LSTM(1)],
        "CenterCrop": [1, 1],
        "Conv1D": [1, 1],
        "Conv1DTranspose": [1, 1],
        "Conv2D": [1, 1],
        "ConvLSTM2D": [1, 1],
        "Conv2DTranspose": [1, 1],
        "Dense": [1],
        "DepthwiseConv1D": [1],
        "DepthwiseConv2D": [1],
        "Dot": [1],
        "Dropout": [0.5],
        "GaussianDropout": [0.5],
        "GaussianNoise": [0.5],
        "Embedding": [3, 2],
        "GetItem": [[None, 0]],
        "GRU": [1],
        "InputLayer": [(1,)],
        "Lambda": [np.tanh],
        "LSTM": [1],
        "LSTMCell": [1],
        "GRUCell": [1],
        "SimpleRNNCell": [1],
        "RNN": [layers.GRUCell(1)],
        "StackedRNNCells": [[layers.GRUCell(1)]],
        "MultiHeadAttention": [1, 1],
        "Operation": ["ops.relu"],
        "Permute": [(1,)],
        "RandomCrop": [1, 1],
        "RandomBrightness": [0.1],
        "RandomContrast": [0.1],
        "RandomRotation": [0.1],
        "RandomTranslation": [0.1, 0.1],
        "RandomZoom": [0.1],
        "RepeatVector": [2],
        "Rescaling": [2.0],
        "Reshape": [(1,)],
        "Resizing": [1, 1],
        "SeparableConv1D": [1, 1],
        "SeparableConv2D": [1, 1],
        "SimpleRNN": [1],
        "SpatialDropout1D": [0.5],
        "SpatialDropout2D": [0.5],
        "TimeDistributed": [layers.Dense(1)],
    }
    layer = layers.LAYERS[name](*arguments.get(name, []))
    assert layer.name == snake.get(name, name.lower())
    assert layers.LAYERS[name](*arguments.get(name, []), name="mine").name == "mine"
    assert pickle.loads(pickle.dumps(layer)).get_config() == layer.get_config()


def test_a_layer_that_is_none_suggests_the_nearest():
    with pytest.raises(AttributeError, match=r"layer 'Conv2d' is unknown. Did you mean 'Conv2D'"):
        _ = layers.Conv2d
    assert not hasattr(layers, "__wrapped__")


@pytest.mark.parametrize("cls", [layers.Dense, layers.LSTM, layers.Conv2D])
def test_an_argument_that_is_none_suggests_the_nearest(cls):
    with pytest.raises(TypeError, match=r"argument 'activaton' is unknown. Did you mean 'activat"):
        cls(4, activaton="relu", **({"kernel_size": 1} if cls is layers.Conv2D else {}))


def test_a_layer_that_was_built_by_hand_is_not_built_again():
    layer = layers.GRU(3)
    layer.build((None, 4, 2))
    assert layer.built
    weights = layer.get_weights()
    layer.build((None, 4, 2))
    layer(np.zeros((1, 4, 2)))
    assert [p.shape for p in layer.weights] == [(2, 9), (3, 9), (2, 9)]
    assert all(np.array_equal(a, b) for a, b in zip(weights, layer.get_weights(), strict=True))


def test_a_layer_whose_build_was_refused_can_be_built_after_that():
    class Base(Layer):
        def build(self, input_shape):
            self.scale = self.add_weight("scale", (1,))

    class Picky(Base):
        def build(self, input_shape):
            super().build(input_shape)
            if input_shape[-1] != 2:
                raise ValueError("two, please")

        def call(self, x):
            return x

    layer = Picky()
    with pytest.raises(ValueError, match="two, please"):
        layer(np.zeros((1, 3)))
    layer(np.zeros((1, 2)))
    assert [p.shape for p in layer.weights] == [(1,)]


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
