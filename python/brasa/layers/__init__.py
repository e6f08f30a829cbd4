"""The layers, with Keras's names and arguments, and Keras's second names of some.

>>> from brasa import layers
>>> layers.MaxPool2D is layers.MaxPooling2D
True
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brasa.layers.activations import GELU, Activation, Softmax
from brasa.layers.activity_regularization import ActivityRegularization
from brasa.layers.alpha_dropout import AlphaDropout
from brasa.layers.attention import AdditiveAttention, Attention
from brasa.layers.augmentation import RandomFlip, RandomTranslation
from brasa.layers.base import Layer
from brasa.layers.batch_normalization import BatchNormalization
from brasa.layers.bidirectional import Bidirectional
from brasa.layers.cells import GRUCell, LSTMCell, SimpleRNNCell
from brasa.layers.concatenate import Concatenate
from brasa.layers.conv1d import Conv1D
from brasa.layers.conv1d_transpose import Conv1DTranspose
from brasa.layers.conv2d import Conv2D
from brasa.layers.conv2d_transpose import Conv2DTranspose
from brasa.layers.conv_lstm2d import ConvLSTM2D
from brasa.layers.crops import CenterCrop, RandomCrop
from brasa.layers.dense import Dense
from brasa.layers.depthwise_conv1d import DepthwiseConv1D
from brasa.layers.depthwise_conv2d import DepthwiseConv2D
from brasa.layers.dot import Dot
from brasa.layers.dropout import Dropout
from brasa.layers.embedding import Embedding
from brasa.layers.functional import (
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from brasa.layers.gaussian_dropout import GaussianDropout
from brasa.layers.gaussian_noise import GaussianNoise
from brasa.layers.get_item import GetItem
from brasa.layers.global_pooling import GlobalAveragePooling2D, GlobalMaxPooling2D
from brasa.layers.global_pooling1d import GlobalAveragePooling1D, GlobalMaxPooling1D
from brasa.layers.group_normalization import GroupNormalization
from brasa.layers.gru import GRU
from brasa.layers.identity import Identity
from brasa.layers.input import Input, InputLayer
from brasa.layers.lambda_layer import Lambda
from brasa.layers.layer_normalization import LayerNormalization
from brasa.layers.lstm import LSTM
from brasa.layers.making import layer_from
from brasa.layers.masking import Masking
from brasa.layers.merge import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from brasa.layers.multi_head_attention import MultiHeadAttention
from brasa.layers.normalization import Normalization
from brasa.layers.operation import Operation
from brasa.layers.padding import Cropping1D, Cropping2D, ZeroPadding1D, ZeroPadding2D
from brasa.layers.permute import Permute
from brasa.layers.pooling import AveragePooling2D, MaxPooling2D
from brasa.layers.pooling1d import AveragePooling1D, MaxPooling1D
from brasa.layers.prelu import PReLU
from brasa.layers.random_colors import RandomBrightness, RandomContrast
from brasa.layers.random_warps import RandomRotation, RandomZoom
from brasa.layers.rectifiers import ELU, LeakyReLU, ReLU
from brasa.layers.rescaling import Rescaling
from brasa.layers.reshape import Flatten, Reshape
from brasa.layers.resizing import Resizing
from brasa.layers.rms_normalization import RMSNormalization
from brasa.layers.rnn import RNN, StackedRNNCells
from brasa.layers.separable_conv1d import SeparableConv1D
from brasa.layers.separable_conv2d import SeparableConv2D
from brasa.layers.sharing import serialize
from brasa.layers.simple_rnn import SimpleRNN
from brasa.layers.spatial_dropout import SpatialDropout1D, SpatialDropout2D
from brasa.layers.time import RepeatVector, TimeDistributed
from brasa.layers.unit_normalization import UnitNormalization
from brasa.layers.up_sampling1d import UpSampling1D
from brasa.layers.up_sampling2d import UpSampling2D
from brasa.layers.with_mask import WithMask
from brasa.suggest import unknown

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LAYERS",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "Bidirectional",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "ConvLSTM2D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GetItem",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "Operation",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "StackedRNNCells",
    "Subtract",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "WithMask",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

# Keras's second names; files know the first alone.
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
Convolution1D = Conv1D
Convolution1DTranspose = Conv1DTranspose
Convolution2D = Conv2D
Convolution2DTranspose = Conv2DTranspose
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D

# All that a file may name. Layers of the user's own are passed in by the user, never imported.
LAYERS: dict[str, type[Layer]] = {
    cls.__name__: cls
    for cls in (
        Activation,
        ActivityRegularization,
        Add,
        AdditiveAttention,
        AlphaDropout,
        Attention,
        Average,
        AveragePooling1D,
        AveragePooling2D,
        BatchNormalization,
        Bidirectional,
        CenterCrop,
        Concatenate,
        Conv1D,
        Conv1DTranspose,
        Conv2D,
        Conv2DTranspose,
        ConvLSTM2D,
        Cropping1D,
        Cropping2D,
        Dense,
        DepthwiseConv1D,
        DepthwiseConv2D,
        Dot,
        Dropout,
        ELU,
        Embedding,
        Flatten,
        GELU,
        GRU,
        GRUCell,
        GaussianDropout,
        GaussianNoise,
        GetItem,
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
        GroupNormalization,
        InputLayer,
        LSTM,
        LSTMCell,
        Identity,
        Lambda,
        LayerNormalization,
        LeakyReLU,
        Masking,
        MaxPooling1D,
        MaxPooling2D,
        Maximum,
        Minimum,
        MultiHeadAttention,
        Multiply,
        Normalization,
        Operation,
        PReLU,
        RMSNormalization,
        RNN,
        Permute,
        RandomBrightness,
        RandomContrast,
        RandomCrop,
        RandomFlip,
        RandomRotation,
        RandomTranslation,
        RandomZoom,
        ReLU,
        RepeatVector,
        Rescaling,
        Reshape,
        Resizing,
        SeparableConv1D,
        SeparableConv2D,
        SimpleRNN,
        SimpleRNNCell,
        Softmax,
        SpatialDropout1D,
        SpatialDropout2D,
        StackedRNNCells,
        Subtract,
        TimeDistributed,
        UnitNormalization,
        UpSampling1D,
        UpSampling2D,
        WithMask,
        ZeroPadding1D,
        ZeroPadding2D,
    )
}

if not TYPE_CHECKING:  # a checker would take every name for one of the module

    def __getattr__(name: str) -> Any:
        raise AttributeError(str(unknown("layer", name, [*LAYERS, "Input", "Layer"])))


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Layer:
    """The layer that ``serialize`` described, without its weights.

    Args:
        config: ``{"class_name": ..., "config": ...}``.
        custom_objects: Layers, functions and constraints of your own, by their names. Layers whose
            ``from_config`` makes others need not pass them on.

    Raises:
        ValueError: the class is unknown, or an argument is out of range.
        TypeError: an argument is unknown or of the wrong type, or a custom object is no layer.

    >>> from brasa import layers
    >>> layers.deserialize(layers.serialize(layers.Dense(3))).units
    3
    """
    return layer_from(config, LAYERS, custom_objects)
