"""DepthwiseConv2D, SeparableConv2D and SeparableConv1D."""

import numpy as np
import pytest

from brasa import Sequential, layers, ops
from brasa.testing.assertions import assert_close, assert_same_bits

WINDOWS = [
    ({"kernel_size": 3}, (7, 6)),
    ({"kernel_size": (2, 5), "padding": "same"}, (9, 8)),
    ({"kernel_size": 3, "strides": 2, "padding": "same"}, (5, 4)),
    ({"kernel_size": 3, "dilation_rate": (2, 1)}, (5, 6)),
    ({"kernel_size": 1, "padding": ((0, 1), (2, 0))}, (10, 10)),
]


def channel_by_channel(x, kernel, window):
    """The definition: each channel of x is convolved with its own filters alone."""
    parts = [
        ops.conv2d(x[..., c : c + 1], kernel[:, :, c : c + 1], **window) for c in range(x.shape[-1])
    ]
    return np.concatenate(parts, axis=-1)


def rest_of(arguments):
    return {name: value for name, value in arguments.items() if name != "kernel_size"}


@pytest.mark.parametrize("multiplier", [1, 3])
@pytest.mark.parametrize(("arguments", "output"), WINDOWS, ids=str)
def test_depthwise_keeps_the_contract(check_layer, arguments, output, multiplier):
    layer = layers.DepthwiseConv2D(
        **arguments, depth_multiplier=multiplier, bias_initializer="random_normal"
    )
    count = 4 * multiplier
    weights = [("kernel", (*layer.kernel_size, 4, multiplier)), ("bias", (count,))]
    x, y = check_layer(layer, (9, 8, 4), output=(*output, count), weights=weights)
    kernel, bias = layer.get_weights()
    assert_close(y, channel_by_channel(x, kernel, rest_of(arguments)) + bias, 1e-5)


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize(("arguments", "output"), WINDOWS, ids=str)
def test_separable_keeps_the_contract(check_layer, arguments, output, multiplier):
    layer = layers.SeparableConv2D(
        5,
        **arguments,
        depth_multiplier=multiplier,
        activation="tanh",
        bias_initializer="random_normal",
    )
    weights = [
        ("depthwise_kernel", (*layer.kernel_size, 4, multiplier)),
        ("pointwise_kernel", (1, 1, 4 * multiplier, 5)),
        ("bias", (5,)),
    ]
    x, y = check_layer(layer, (9, 8, 4), output=(*output, 5), weights=weights)
    depthwise, pointwise, bias = layer.get_weights()
    middle = channel_by_channel(x, depthwise, rest_of(arguments))
    assert_close(y, np.tanh(middle.astype(np.float64) @ pointwise[0, 0] + bias), 1e-5)


@pytest.mark.parametrize(
    ("arguments", "steps"),
    [
        ({"kernel_size": 3}, 9),
        ({"kernel_size": 4, "strides": 3, "padding": "same"}, 4),
        ({"kernel_size": 3, "dilation_rate": 2}, 7),
    ],
    ids=str,
)
def test_along_time_it_is_conv1d_twice(check_layer, arguments, steps):
    """A grouped Conv1D with the first kernel, then one of length 1 with the second."""
    layer = layers.SeparableConv1D(
        5, **arguments, depth_multiplier=2, activation="tanh", bias_initializer="random_normal"
    )
    size = arguments["kernel_size"]
    weights = [
        ("depthwise_kernel", (size, 4, 2)),
        ("pointwise_kernel", (1, 8, 5)),
        ("bias", (5,)),
    ]
    x, y = check_layer(layer, (11, 4), output=(steps, 5), weights=weights)
    depthwise, pointwise, bias = layer.get_weights()
    first = layers.Conv1D(8, **arguments, groups=4, use_bias=False)
    second = layers.Conv1D(5, 1, activation="tanh")
    second(first(x))
    first.set_weights([depthwise.reshape(size, 1, 8)])
    second.set_weights([pointwise, bias])
    assert_same_bits(y, second(first(x)))


@pytest.mark.parametrize("cls", [layers.DepthwiseConv2D, layers.SeparableConv2D])
def test_without_bias(check_layer, cls):
    first = [] if cls is layers.DepthwiseConv2D else [2]
    layer = cls(*first, 3, use_bias=False)
    layer(np.zeros((1, 5, 5, 2)))
    assert "bias" not in [p.name.partition("/")[2] for p in layer.weights]
    assert_same_bits(layer(np.zeros((1, 5, 5, 2))), np.zeros((1, 3, 3, 2), np.float32))


def test_slopes_are_those_of_the_grouped_convolution(rng, impl):
    x = rng.standard_normal((3, 6, 5, 4)).astype(np.float32)
    y = rng.standard_normal((3, 4, 3, 8)).astype(np.float32)
    depthwise = layers.DepthwiseConv2D(3, depth_multiplier=2, input_shape=(6, 5, 4))
    grouped = layers.Conv2D(8, 3, groups=4, input_shape=(6, 5, 4))
    results = []
    for layer in (depthwise, grouped):
        model = Sequential([layer])
        model.compile("sgd", "mse")
        if layer is grouped:
            kernel, bias = depthwise.get_weights()
            layer.set_weights([kernel.reshape(3, 3, 1, 8), bias])
        results.append([g.ravel() for g in model.compute_gradients(x, y)[1]])
    assert_same_bits(results[0], results[1])


def test_arguments_in_the_order_of_keras():
    layer = layers.DepthwiseConv2D(3, 2, "same", 4, "channels_last", 1, "relu", False, "ones")
    assert (layer.kernel_size, layer.strides, layer.padding) == ((3, 3), (2, 2), "same")
    assert (layer.depth_multiplier, layer.use_bias) == (4, False)
    layer = layers.SeparableConv2D(5, 3, 2, "same", "channels_last", 1, 4, "relu", False)
    assert (layer.filters, layer.strides, layer.depth_multiplier) == (5, (2, 2), 4)
    assert layer.activation is ops.relu


@pytest.mark.parametrize(
    ("cls", "arguments", "error", "message"),
    [
        (layers.DepthwiseConv2D, {"kernel_size": 0}, ValueError, "kernel_size must be >= 1"),
        (layers.DepthwiseConv2D, {"depth_multiplier": 0}, ValueError, "depth_multiplier must be"),
        (layers.DepthwiseConv2D, {"strides": 1.5}, TypeError, "strides must be a whole number"),
        (layers.DepthwiseConv2D, {"padding": "causal"}, ValueError, "padding must be 'valid'"),
        (layers.SeparableConv2D, {"filters": 0}, ValueError, "filters must be >= 1, got 0"),
        (layers.SeparableConv2D, {"pointwise_initializer": "he"}, ValueError, "pointwise_initial"),
        (layers.SeparableConv2D, {"use_bias": 1}, TypeError, "use_bias must be True or False"),
    ],
)
def test_bad_arguments(cls, arguments, error, message):
    needed = {"filters": 4} if cls is layers.SeparableConv2D else {}
    with pytest.raises(error, match=f"{cls.__name__}: {message}"):
        cls(**{**needed, "kernel_size": 3, **arguments})


def test_only_images():
    with pytest.raises(ValueError, match=r"layer 'depthwise_conv2d' .*got rank 3"):
        layers.DepthwiseConv2D(3)(layers.Input((8, 8)))
