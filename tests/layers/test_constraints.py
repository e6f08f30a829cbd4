"""The constraint arguments of every layer that Keras has them on."""

import json

import numpy as np
import pytest

from brasa import Input, Sequential, constraints, layers, ops, optimizers
from brasa.testing.assertions import assert_same_bits


class Between(constraints.Constraint):
    """Other limits for each argument, so that none can be taken for another."""

    def __init__(self, low):
        self.low = low

    def __call__(self, w):
        return ops.clip(w, self.low, self.low + 0.01)

    def get_config(self):
        return {"low": self.low}


AFFINE = ("kernel", "bias")
SEPARABLE = ("depthwise", "pointwise", "bias")
RECURRENT = ("kernel", "recurrent", "bias")
NORMAL = ("gamma", "beta")
CASES = {
    "dense": (lambda **c: layers.Dense(3, **c), (5,), AFFINE),
    "conv2d": (lambda **c: layers.Conv2D(3, 2, **c), (5, 5, 2), AFFINE),
    "conv1d": (lambda **c: layers.Conv1D(3, 2, **c), (5, 2), AFFINE),
    "conv2d_transpose": (lambda **c: layers.Conv2DTranspose(3, 2, 2, **c), (5, 5, 2), AFFINE),
    "conv1d_transpose": (lambda **c: layers.Conv1DTranspose(3, 2, **c), (5, 2), AFFINE),
    "depthwise_conv2d": (
        lambda **c: layers.DepthwiseConv2D(3, **c), (5, 5, 2), ("depthwise", "bias")
    ),
    "depthwise_conv1d": (
        lambda **c: layers.DepthwiseConv1D(3, **c), (5, 2), ("depthwise", "bias")
    ),
    "separable_conv2d": (lambda **c: layers.SeparableConv2D(3, 2, **c), (5, 5, 2), SEPARABLE),
    "separable_conv1d": (lambda **c: layers.SeparableConv1D(3, 2, **c), (5, 2), SEPARABLE),
    "batch_normalization": (layers.BatchNormalization, (5,), NORMAL),
    "layer_normalization": (layers.LayerNormalization, (5,), NORMAL),
    "prelu": (layers.PReLU, (5,), ("alpha",)),
    "simple_rnn": (lambda **c: layers.SimpleRNN(3, **c), (4, 5), RECURRENT),
    "lstm": (lambda **c: layers.LSTM(3, **c), (4, 5), RECURRENT),
    "gru": (lambda **c: layers.GRU(3, **c), (4, 5), RECURRENT),
    "at_each_step": (lambda **c: layers.TimeDistributed(layers.Dense(3, **c)), (4, 5), AFFINE),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_argument_is_for_its_weight(name, rng):
    make, shape, arguments = CASES[name]
    limits = {f"{argument}_constraint": Between(1.0 + i) for i, argument in enumerate(arguments)}
    model = Sequential([Input(shape), make(**limits), layers.Flatten(), layers.Dense(2)])
    model.compile(optimizers.SGD(0.1), "mse")
    x = rng.standard_normal((6, *shape)).astype(np.float32)
    model.train_on_batch(x, rng.standard_normal((6, 2)).astype(np.float32))
    for i, weight in enumerate(model.layers[0].trainable_weights):
        low = np.float32(1.0 + i)
        assert low <= weight.numpy().min() <= weight.numpy().max() <= np.float32(1.01 + i)


@pytest.mark.parametrize("name", CASES)
def test_configs_have_them_where_they_were_given(name):
    make, _, arguments = CASES[name]
    given = {f"{argument}_constraint": "non_neg" for argument in arguments}
    config = json.loads(json.dumps(make(**given).get_config()))
    assert type(make()).from_config(config).get_config() == config
    inner = config["layer"]["config"] if "layer" in config else config
    want = {"class_name": "NonNeg", "config": {}}
    assert {key: inner.get(key) for key in given} == dict.fromkeys(given, want)
    assert "_constraint" not in json.dumps(make().get_config())


def test_an_embedding_is_constrained_whole():
    """Rows that the batch does not name are brought back, too."""
    constraint = constraints.MaxNorm(0.02, axis=1)
    table = layers.Embedding(9, 3, embeddings_constraint=constraint)
    model = Sequential([Input((4,), dtype="int32"), table])
    model.compile(optimizers.SGD(0.0), "mse")
    before = model.get_weights()[0]
    model.train_on_batch(np.full((2, 4), 5), np.zeros((2, 4, 3), np.float32))
    assert_same_bits(model.get_weights()[0], constraint(before))
    assert not np.array_equal(model.get_weights()[0], before)
