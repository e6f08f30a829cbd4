"""Conv2DTranspose."""

import numpy as np
import pytest

from brasa import Sequential, layers, ops
from brasa.testing.assertions import assert_same_bits


@pytest.mark.parametrize(
    ("arguments", "output", "kernel"),
    [
        ({"kernel_size": 3}, (6, 5), (3, 3)),
        ({"kernel_size": (2, 5), "padding": "same"}, (4, 3), (2, 5)),
        ({"kernel_size": 3, "strides": 2}, (9, 7), (3, 3)),
        ({"kernel_size": 2, "strides": 3}, (12, 9), (2, 2)),
        ({"kernel_size": 3, "strides": (2, 1), "padding": "same"}, (8, 3), (3, 3)),
        ({"kernel_size": 3, "strides": 2, "output_padding": 1}, (10, 8), (3, 3)),
        (
            {"kernel_size": 3, "strides": 2, "padding": "same", "output_padding": (1, 0)},
            (8, 5),
            (3, 3),
        ),
        ({"kernel_size": 3, "dilation_rate": 2}, (8, 7), (3, 3)),
        ({"kernel_size": 4, "strides": 2, "padding": 1}, (8, 6), (4, 4)),
        ({"kernel_size": 3, "activation": "tanh"}, (6, 5), (3, 3)),
        ({"kernel_size": 3, "activation": "softmax"}, (6, 5), (3, 3)),
    ],
    ids=str,
)
def test_keeps_the_contract(check_layer, arguments, output, kernel):
    layer = layers.Conv2DTranspose(8, **arguments, bias_initializer="random_normal")
    weights = [("kernel", (*kernel, 8, 5)), ("bias", (8,))]
    x, y = check_layer(layer, (4, 3, 5), output=(*output, 8), weights=weights)
    window = {name: value for name, value in arguments.items()
              if name not in ("kernel_size", "activation")}  # fmt: skip
    want = ops.conv2d_transpose(x, *layer.get_weights(), **window)
    assert_same_bits(y, getattr(ops, arguments.get("activation", "linear"))(want))


def test_without_bias(check_layer):
    layer = layers.Conv2DTranspose(2, 3, use_bias=False)
    check_layer(layer, (5, 5, 1), output=(7, 7, 2), weights=[("kernel", (3, 3, 2, 1))])


def test_any_size_of_image():
    tensor = layers.Conv2DTranspose(4, 3, 2, "same")(layers.Input((None, None, 3)))
    assert tensor.shape == (None, None, None, 4)
    model = Sequential([layers.Input((None, 7, 3)), layers.Conv2DTranspose(4, 3, 2, "same")])
    for height in (3, 5):
        assert model.predict(np.zeros((2, height, 7, 3))).shape == (2, 2 * height, 14, 4)


def test_arguments_in_the_order_of_keras():
    layer = layers.Conv2DTranspose(
        4, 3, 2, "same", 1, "channels_last", 1, "relu", False, "he_normal", "ones"
    )
    assert (layer.filters, layer.kernel_size, layer.strides) == (4, (3, 3), (2, 2))
    assert (layer.padding, layer.output_padding, layer.dilation_rate) == ("same", (1, 1), (1, 1))
    assert layer.activation is ops.relu
    assert not layer.use_bias


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"filters": 0}, ValueError, "filters must be >= 1, got 0"),
        ({"kernel_size": (3, -1)}, ValueError, "kernel_size must be >= 1, got -1"),
        ({"strides": 0}, ValueError, "strides must be >= 1, got 0"),
        ({"padding": "causal"}, ValueError, "padding must be 'valid', 'same'"),
        ({"output_padding": 1}, ValueError, "output_padding must be .* below the stride 1, got 1"),
        ({"strides": 2, "output_padding": -1}, ValueError, "output_padding must be >= 0"),
        ({"strides": 2, "output_padding": (1,)}, ValueError, "output_padding must be None or 2"),
        ({"strides": 2, "output_padding": 0.5}, TypeError, "output_padding must be a whole"),
        ({"strides": 2, "dilation_rate": 2}, ValueError, "strides and dilation_rate cannot both"),
        ({"data_format": "channels_first"}, ValueError, "data_format must be 'channels_last'"),
        ({"activation": "softmacks"}, ValueError, "activation 'softmacks'.*mean 'softmax'"),
        ({"use_bias": None}, TypeError, "use_bias must be True or False"),
        ({"kernel_initializer": "he"}, ValueError, "kernel_initializer 'he' is unknown"),
    ],
    ids=str,
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=f"Conv2DTranspose: {message}"):
        layers.Conv2DTranspose(**{"filters": 4, "kernel_size": 3, **arguments})


def test_only_images():
    with pytest.raises(ValueError, match=r"layer 'up' for the input .*rank 4 .* got rank 3"):
        layers.Conv2DTranspose(4, 3, name="up")(np.zeros((2, 28, 28), np.float32))


def test_an_image_that_is_cut_off_entirely_names_the_layer():
    with pytest.raises(
        ValueError, match=r"layer 'conv2d_transpose' for the input .*nothing is left"
    ):
        layers.Conv2DTranspose(4, 1, padding=1)(layers.Input((2, 2, 1)))
