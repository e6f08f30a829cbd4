"""DepthwiseConv1D, by its definition and beside Keras."""

import numpy as np
import pytest

import brasa
from brasa import layers
from brasa.testing.assertions import assert_close
from tests.with_keras import keras

WINDOWS = [
    ({"kernel_size": 3}, 9),
    ({"kernel_size": (4,), "strides": 3, "padding": "same"}, 4),
    ({"kernel_size": 3, "dilation_rate": 2, "padding": "same"}, 11),
]


@pytest.mark.parametrize("multiplier", [1, 3])
@pytest.mark.parametrize(("arguments", "steps"), WINDOWS, ids=str)
def test_each_channel_meets_its_own_filters(check_layer, arguments, steps, multiplier):
    layer = layers.DepthwiseConv1D(
        **arguments, depth_multiplier=multiplier, bias_initializer="random_normal"
    )
    count = 4 * multiplier
    weights = [("kernel", (*layer.kernel_size, 4, multiplier)), ("bias", (count,))]
    x, y = check_layer(layer, (11, 4), output=(steps, count), weights=weights)
    kernel, bias = layer.get_weights()
    for channel in range(4):
        alone = layers.Conv1D(multiplier, **arguments, use_bias=False)
        alone.build((None, 11, 1))
        alone.set_weights([kernel[:, channel : channel + 1]])
        filters = slice(channel * multiplier, (channel + 1) * multiplier)
        want = alone(x[..., channel : channel + 1]) + bias[filters]
        assert_close(y[..., filters], want, 1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("arguments", "steps"), WINDOWS, ids=str)
def test_trains_as_keras_does(arguments, steps, rng, tmp_path):
    theirs, ours = (
        lib.Sequential(
            [
                lib.layers.InputLayer((11, 4)),
                lib.layers.DepthwiseConv1D(**arguments, depth_multiplier=2, activation="tanh"),
                lib.layers.Dense(2),
            ]
        )
        for lib in (keras(), brasa)
    )
    ours.set_weights(theirs.get_weights())
    theirs.compile(keras().optimizers.SGD(0.2), "mse")
    ours.compile(brasa.optimizers.SGD(0.2), "mse")
    x = rng.standard_normal((6, 11, 4)).astype(np.float32)
    y = rng.standard_normal((6, steps, 2)).astype(np.float32)
    for _ in range(3):
        loss = float(theirs.train_on_batch(x, y))
        assert ours.train_on_batch(x, y) == pytest.approx(loss, rel=1e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    after = ours.predict(x)
    np.testing.assert_allclose(after, theirs.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    ours.save(tmp_path / "net.brasa")
    assert np.array_equal(brasa.load_model(tmp_path / "net.brasa").predict(x), after)
    copy = brasa.models.clone_model(ours)
    copy.set_weights(ours.get_weights())
    assert np.array_equal(copy.predict(x), after)


def test_arguments_in_the_order_of_keras():
    layer = layers.DepthwiseConv1D(3, 2, "same", 4, "channels_last", 1, "relu", False, "ones")
    assert (layer.kernel_size, layer.strides, layer.padding) == ((3,), (2,), "same")
    assert (layer.depth_multiplier, layer.use_bias) == (4, False)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"kernel_size": 0}, ValueError, "kernel_size must be >= 1"),
        ({"kernel_size": (3, 3)}, ValueError, "kernel_size must be 1 whole number"),
        ({"depth_multiplier": 0}, ValueError, "depth_multiplier must be >= 1"),
        ({"strides": 1.5}, TypeError, "strides must be a whole number"),
        ({"padding": "causal"}, ValueError, "padding must be one of 'valid', 'same'"),
        ({"data_format": "channels_first"}, ValueError, "data_format must be 'channels_last'"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=f"DepthwiseConv1D: {message}"):
        layers.DepthwiseConv1D(**{"kernel_size": 3, **arguments})


def test_only_sequences():
    with pytest.raises(ValueError, match=r"layer 'depthwise_conv1d' .*got rank 4"):
        layers.DepthwiseConv1D(3)(layers.Input((8, 8, 2)))
