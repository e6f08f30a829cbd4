"""TimeDistributed and RepeatVector."""

import numpy as np
import pytest

from brasa import Input, Sequential, layers
from brasa.testing.assertions import assert_same_bits


def test_is_the_layer_at_every_step(check_layer):
    inner = layers.Conv2D(3, 2)
    layer = layers.TimeDistributed(inner)
    weights = [("kernel", (2, 2, 2, 3)), ("bias", (3,))]
    x, y = check_layer(layer, (4, 5, 6, 2), output=(4, 4, 5, 3), weights=weights)
    for t in range(4):
        np.testing.assert_allclose(y[:, t], inner(x[:, t]), rtol=1e-5, atol=1e-6)


def test_dense_needs_no_wrapper(check_layer):
    inner = layers.Dense(3)
    weights = [("kernel", (2, 3)), ("bias", (3,))]
    x, y = check_layer(layers.TimeDistributed(inner), (4, 2), output=(4, 3), weights=weights)
    assert_same_bits(inner(x), y)


def test_names_tell_two_wrappers_apart():
    model = Sequential(
        [layers.TimeDistributed(layers.Dense(2), input_shape=(3, 4))]
        + [layers.TimeDistributed(layers.Dense(2))]
    )
    assert [p.name for p in model.weights] == [
        "time_distributed/kernel",
        "time_distributed/bias",
        "time_distributed_1/kernel",
        "time_distributed_1/bias",
    ]


@pytest.mark.parametrize("who", ["wrapper", "layer"])
def test_frozen_by_either(who):
    layer = layers.TimeDistributed(
        layers.Dense(2, trainable=who != "layer"), trainable=who != "wrapper"
    )
    layer(Input((3, 4)))
    assert layer.trainable_weights == []
    assert layer.non_trainable_weights == layer.weights != []


def test_what_differs_in_training_does_so_inside():
    layer = layers.TimeDistributed(layers.Dropout(0.5, seed=3))
    x = np.ones((2, 3, 50), np.float32)
    assert_same_bits(layer(x), x)
    assert set(np.unique(layer(x, training=True))) == {0.0, 2.0}


def test_moving_averages_inside_move():
    model = Sequential(
        [layers.TimeDistributed(layers.BatchNormalization(momentum=0.5), input_shape=(3, 2))]
    )
    model.compile("sgd", "mse")
    model.fit(np.full((4, 3, 2), 8.0), np.zeros((4, 3, 2)), verbose=0)
    np.testing.assert_array_equal(model.get_weights()[2], [4, 4])


def test_time_distributed_refuses():
    with pytest.raises(TypeError, match="layer must be a layer"):
        layers.TimeDistributed("dense")
    with pytest.raises(ValueError, match="rank 3 or more"):
        layers.TimeDistributed(layers.Dense(2))(Input((3,)))


@pytest.mark.parametrize("n", [1, 2, 17, 40])
def test_repeat_vector_keeps_the_contract(check_layer, n):
    x, y = check_layer(layers.RepeatVector(n), (5,), output=(n, 5))
    assert_same_bits(y, np.repeat(x[:, None], n, axis=1))


def test_the_gradient_of_a_repeated_vector_is_the_sum_over_the_steps():
    model = Sequential([layers.Dense(2, input_shape=(3,)), layers.RepeatVector(20)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3)), np.zeros((4, 20, 2))
    _, (kernel, _) = model.compute_gradients(x, y)
    out = model.predict(x)
    want = x.T @ (2 * out.sum(1) / out[..., 0].size / 2)
    np.testing.assert_allclose(kernel, want, rtol=1e-5)


def test_repeat_vector_refuses():
    with pytest.raises(ValueError, match="n must be >= 1"):
        layers.RepeatVector(0)
    with pytest.raises(ValueError, match="rank 2"):
        layers.RepeatVector(2)(Input((3, 4)))


def test_free_lengths():
    frames = layers.TimeDistributed(layers.Conv2D(2, 3))(Input((None, 8, 8, 1)))
    assert frames.shape == (None, None, 6, 6, 2)
    both = layers.Concatenate(axis=1)([frames, frames])
    assert both.shape == (None, None, 6, 6, 2)
    assert layers.TimeDistributed(layers.Flatten())(both).shape == (None, None, 72)
