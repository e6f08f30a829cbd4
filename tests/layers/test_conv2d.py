"""Conv2D."""

import numpy as np
import pytest

from brasa import layers, ops
from brasa.testing import reference
from brasa.testing.assertions import assert_close, reduction_bound


@pytest.mark.parametrize(
    ("arguments", "output", "kernel"),
    [
        ({"kernel_size": 3}, (7, 6, 8), (3, 3, 4, 8)),
        ({"kernel_size": (2, 5), "padding": "same"}, (9, 8, 8), (2, 5, 4, 8)),
        ({"kernel_size": 3, "strides": 2, "padding": "same"}, (5, 4, 8), (3, 3, 4, 8)),
        ({"kernel_size": 3, "strides": (2, 1)}, (4, 6, 8), (3, 3, 4, 8)),
        ({"kernel_size": 3, "dilation_rate": 2}, (5, 4, 8), (3, 3, 4, 8)),
        ({"kernel_size": 3, "groups": 2}, (7, 6, 8), (3, 3, 2, 8)),
        ({"kernel_size": 3, "padding": ((0, 1), (2, 0))}, (8, 8, 8), (3, 3, 4, 8)),
        ({"kernel_size": 1, "padding": 1}, (11, 10, 8), (1, 1, 4, 8)),
        ({"kernel_size": 3, "activation": "relu"}, (7, 6, 8), (3, 3, 4, 8)),
        ({"kernel_size": 3, "data_format": "channels_last"}, (7, 6, 8), (3, 3, 4, 8)),
    ],
    ids=str,
)
def test_keeps_the_contract(check_layer, arguments, output, kernel):
    layer = layers.Conv2D(8, **arguments, bias_initializer="random_normal")
    weights = [("kernel", kernel), ("bias", (8,))]
    x, y = check_layer(layer, (9, 8, 4), output=output, weights=weights)
    w, b = layer.get_weights()
    window = {
        name: arguments[name]
        for name in ("strides", "padding", "dilation_rate", "groups")
        if name in arguments
    }
    size = reference.conv2d(np.abs(x), np.abs(w), np.abs(b), **window)
    want = reference.conv2d(x, w, b, **window)
    if "activation" in arguments:
        want = np.maximum(want, 0)
    assert_close(y, want, reduction_bound(int(np.prod(kernel[:3])), size))


def test_without_bias(check_layer):
    layer = layers.Conv2D(2, 3, use_bias=False)
    check_layer(layer, (5, 5, 1), output=(3, 3, 2), weights=[("kernel", (3, 3, 1, 2))])


def test_arguments_in_the_order_of_keras():
    layer = layers.Conv2D(
        4, 3, 2, "same", "channels_last", 1, 2, "relu", False, "he_normal", "ones"
    )
    assert (layer.filters, layer.kernel_size, layer.strides) == (4, (3, 3), (2, 2))
    assert (layer.padding, layer.dilation_rate, layer.groups) == ("same", (1, 1), 2)
    assert layer.activation is ops.relu
    assert not layer.use_bias


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"filters": 0}, ValueError, "filters must be >= 1, got 0"),
        ({"filters": 1.5}, TypeError, "filters must be a whole number"),
        ({"kernel_size": 0}, ValueError, "kernel_size must be >= 1"),
        ({"kernel_size": (3, -1)}, ValueError, "kernel_size must be >= 1, got -1"),
        ({"kernel_size": (3, 3, 3)}, ValueError, "kernel_size must be 1 or 2 whole numbers"),
        ({"strides": 0}, ValueError, "strides must be >= 1, got 0"),
        ({"strides": 1.5}, TypeError, "strides must be a whole number"),
        ({"strides": 2**64}, ValueError, "strides does not fit into 64 bits"),
        ({"padding": "SAMEE"}, ValueError, "padding must be 'valid', 'same'"),
        ({"padding": -1}, ValueError, "padding must be >= 0"),
        (
            {"data_format": "channels_first"},
            ValueError,
            r".*channels_last.*transpose\(0, 2",
        ),
        ({"dilation_rate": 0}, ValueError, "dilation_rate must be >= 1"),
        ({"groups": 0}, ValueError, "groups must be >= 1"),
        ({"groups": 3}, ValueError, "filters must be a multiple of groups, got 4 and 3"),
        ({"activation": "softmacks"}, ValueError, "activation 'softmacks'.*mean 'softmax'"),
        ({"use_bias": None}, TypeError, "use_bias must be True or False"),
        ({"kernel_initializer": "he"}, ValueError, "kernel_initializer 'he' is unknown"),
    ],
    ids=str,
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=f"Conv2D: {message}"):
        layers.Conv2D(**{"filters": 4, "kernel_size": 3, **arguments})


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 28, 28), r"rank 4 \(N, H, W, C\), got rank 3. Add a channel axis: x\[..., None\]"),
        ((2, 784), r"got rank 2. Fold .* Reshape\(\(height, width, channels\)\)"),
        ((2, 5, 28, 28, 1), "got rank 5. The order is channels-last"),
        ((2, 28, 28, 0), "number of channels must be >= 1"),
        ((2, 28, 28, 3), "2 groups do not divide the input's 3 channels"),
    ],
    ids=str,
)
def test_bad_inputs(shape, message):
    layer = layers.Conv2D(4, 3, groups=2, name="first")
    with pytest.raises(ValueError, match=f"layer 'first' for the input .*{message}"):
        layer(np.zeros(shape, np.float32))
    assert not layer.built
    assert layer.weights == []


def test_window_larger_than_the_image_names_the_layer():
    with pytest.raises(ValueError, match="layer 'conv2d' for the input"):
        layers.Conv2D(4, 5)(layers.Input((3, 3, 1)))


def test_list_of_inputs():
    images = [layers.Input((8, 8, 1)), layers.Input((8, 8, 1))]
    with pytest.raises(ValueError, match=r"layer 'conv2d'.*takes one input"):
        layers.Conv2D(4, 3)(images)
