"""ops.shape, zeros_like and ones_like, on arrays and in the call of layers and models."""

import numpy as np

from brasa import Input, Model, Sequential, layers, losses, ops


def test_on_arrays():
    x = np.arange(6).reshape(2, 3)
    assert ops.shape(x) == ops.shape(x.tolist()) == (2, 3)
    assert ops.shape(Input((3,))) == (None, 3)
    for like, value in ((ops.zeros_like, 0), (ops.ones_like, 1)):
        y = like(x)
        assert y.dtype == np.float32
        assert np.array_equal(y, np.full((2, 3), value))


class Real(losses.Loss):
    """How far from 1 all are, as the judge of a GAN has it for a batch of real ones."""

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(ops.ones_like(y_pred) - y_pred), axis=-1)


class Both(Model):
    """A model whose call needs numbers for the batch."""

    def call(self, x):
        return ops.reshape(ops.concatenate([x, ops.zeros_like(x)]), (ops.shape(x)[0], 2, -1))


def test_in_layers_losses_and_models(rng):
    x = rng.standard_normal((5, 3)).astype("f")
    model = Sequential([layers.Dense(2, input_shape=(3,))])
    model.compile("sgd", Real())
    want = np.mean((1 - model.predict(x)) ** 2)
    assert abs(model.evaluate(x, np.zeros((5, 2))) - want) < 1e-5
    y = Both().predict(np.where(x > 0, x, np.inf))
    assert np.array_equal(y[:, 0], np.where(x > 0, x, np.inf))
    assert not y[:, 1].any()
