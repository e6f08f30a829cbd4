"""The regularizer arguments of every layer."""

import json

import numpy as np
import pytest

from brasa import Input, Sequential, layers, optimizers, regularizers
from brasa.saving import model_from_config
from tests.penalized import penalties

RECURRENT = {
    "kernel_regularizer": regularizers.L2(0.1),
    "recurrent_regularizer": regularizers.L1(0.2),
    "bias_regularizer": regularizers.L1L2(0.3, 0.4),
}
AFFINE = {"kernel_regularizer": "l2", "bias_regularizer": "l1"}
DEPTHWISE = {"depthwise_regularizer": "l2", "bias_regularizer": "l1"}
CASES = {
    "one channel": (lambda: layers.Conv2D(4, 3, **AFFINE), (8, 8, 1)),
    "dense": (lambda: layers.Dense(3, **AFFINE), (5,)),
    "conv2d": (lambda: layers.Conv2D(3, 2, **AFFINE), (5, 5, 2)),
    "conv1d": (lambda: layers.Conv1D(3, 2, **AFFINE), (5, 2)),
    "conv2d_transpose": (lambda: layers.Conv2DTranspose(3, 2, 2, **AFFINE), (5, 5, 2)),
    "conv1d_transpose": (lambda: layers.Conv1DTranspose(3, 2, **AFFINE), (5, 2)),
    "depthwise_conv2d": (lambda: layers.DepthwiseConv2D(3, **DEPTHWISE), (5, 5, 2)),
    "separable_conv2d": (
        lambda: layers.SeparableConv2D(3, 2, pointwise_regularizer="l1_l2", **DEPTHWISE),
        (5, 5, 2),
    ),
    "batch_normalization": (
        lambda: layers.BatchNormalization(gamma_regularizer="l2", beta_regularizer="l1"),
        (5,),
    ),
    "group_normalization": (
        lambda: layers.GroupNormalization(2, gamma_regularizer="l2", beta_regularizer="l1"),
        (3, 4),
    ),
    "layer_normalization": (
        lambda: layers.LayerNormalization(gamma_regularizer="l2", beta_regularizer="l1"),
        (5,),
    ),
    "simple_rnn": (lambda: layers.SimpleRNN(3, **RECURRENT), (4, 5)),
    "lstm": (lambda: layers.LSTM(3, **RECURRENT), (4, 5)),
    "gru": (lambda: layers.GRU(3, **RECURRENT), (4, 5)),
    "both_ways": (lambda: layers.Bidirectional(layers.LSTM(3, **RECURRENT)), (4, 5)),
    "at_each_step": (
        lambda: layers.TimeDistributed(layers.Dense(3, bias_regularizer="l2")),
        (4, 5),
    ),
}


def without_penalties(model):
    """A twin from the configs of the layers, without what they say of penalties."""

    def bare(config):
        if isinstance(config, dict):
            return {k: None if k.endswith("_regularizer") else bare(v) for k, v in config.items()}
        return [bare(item) for item in config] if isinstance(config, list) else config

    twin = model_from_config(bare(model.get_config()))
    twin.set_weights(model.get_weights())
    return twin


@pytest.mark.parametrize("name", CASES)
def test_the_gradients_of_every_layer_have_the_slopes(name, rng):
    make, shape = CASES[name]
    model = Sequential([Input(shape), make(), layers.Flatten(), layers.Dense(2)])
    model.set_weights([w + np.float32(0.1) for w in model.get_weights()])
    twin = without_penalties(model)
    x = rng.standard_normal((16, *shape)).astype(np.float32)
    y = rng.standard_normal((16, 2)).astype(np.float32)
    for one in (model, twin):
        one.compile(optimizers.SGD(0.5), "mse")
    _, slopes = penalties(model)
    assert any(np.abs(slope).max() > 1e-3 for slope in slopes)
    _, gradients = model.compute_gradients(x, y)
    _, plain = twin.compute_gradients(x, y)
    for gradient, part, slope in zip(gradients, plain, slopes, strict=True):
        np.testing.assert_allclose(gradient, part + slope, rtol=1e-5, atol=1e-5)
    before = [p.numpy() for p in model.trainable_weights]
    model.train_on_batch(x, y)
    for parameter, old, gradient in zip(model.trainable_weights, before, gradients, strict=True):
        np.testing.assert_allclose(parameter.value, old - 0.5 * gradient, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_every_layer_adds_what_its_arguments_say(name, rng):
    make, shape = CASES[name]
    model = Sequential([Input(shape), make()])
    model.compile("sgd", "mse")
    x = rng.standard_normal((4, *shape)).astype(np.float32)
    y = rng.standard_normal((4, *model.output_shape[1:])).astype(np.float32)
    plain = np.mean(np.square(model.predict(x) - y))
    for parameter in model.weights:
        assert parameter.trainable == (parameter.regularizer is not None) or name == "at_each_step"
    total, _ = penalties(model)
    assert total > 0 or name == "at_each_step"  # a bias of zeros
    assert model.evaluate(x, y) == pytest.approx(plain + total, rel=1e-5)
    twin = type(model.layers[0]).from_config(json.loads(json.dumps(model.layers[0].get_config())))
    assert twin.get_config() == model.layers[0].get_config()


def test_an_embedding_is_penalized_whole(rng):
    model = Sequential(
        [Input((4,), dtype="int32"), layers.Embedding(9, 3, embeddings_regularizer="l2")]
    )
    model.compile(optimizers.SGD(1.0), "mse")
    before, ids = model.get_weights()[0], np.full((2, 4), 5)
    model.train_on_batch(ids, np.zeros((2, 4, 3), np.float32))
    after = model.get_weights()[0]
    others = np.arange(9) != 5  # rows that the batch does not name shrink all the same
    np.testing.assert_allclose(after[others], 0.98 * before[others], rtol=1e-5)
