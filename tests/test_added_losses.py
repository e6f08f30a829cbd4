"""What layers and models add to the loss in their call(), and activity regularizers."""

import copy

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, load_model, losses, ops, optimizers
from brasa.regularizers import L1L2
from brasa.testing.assertions import assert_same_bits
from tests.differences import slope

X = np.random.default_rng(3).standard_normal((10, 6)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((10, 6)).astype(np.float32)


class Latent(layers.Layer):
    """A draw whose divergence from the normal distribution is small: of a variational autoencoder.

    The noise is that of nobody, so that losses can be compared.
    """

    def call(self, inputs):
        mean, log_variance = inputs
        parts = 1 + log_variance - ops.square(mean) - ops.exp(log_variance)
        self.add_loss(-0.05 * ops.mean(ops.sum(parts, axis=1)))
        return mean + 0.3 * ops.exp(0.5 * log_variance)


class Autoencoder(Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.hidden = layers.Dense(5, "tanh")
        self.mean, self.log_variance = layers.Dense(2), layers.Dense(2)
        self.latent, self.decoder = Latent(), layers.Dense(6)

    def call(self, x):
        hidden = self.hidden(x)
        return self.decoder(self.latent([self.mean(hidden), self.log_variance(hidden)]))

    def get_config(self):
        return super().get_config()


class Beside(Autoencoder):
    """What nothing reads adds to the loss nevertheless, and so does the model itself."""

    def call(self, x):
        hidden = self.hidden(x)
        mean = self.mean(hidden)
        self.latent([mean, self.log_variance(hidden)])
        self.add_loss([0.1 * ops.mean(hidden), ops.square(mean)])
        return self.decoder(mean)


class Unread(Autoencoder):
    def call(self, x):
        hidden = self.hidden(x)
        mean = self.mean(hidden)
        self.latent([mean, self.log_variance(hidden)])
        return self.decoder(mean)


def in_numpy(model, x, y, kind, change=None):
    weights = [w.astype(np.float64) for w in model.get_weights()]
    w, b, wm, bm, wv, bv, wd, bd = (w + c for w, c in zip(weights, change or [0] * 8, strict=True))
    hidden = np.tanh(x @ w + b)
    mean, log_variance = hidden @ wm + bm, hidden @ wv + bv
    added = -0.05 * (1 + log_variance - mean**2 - np.exp(log_variance)).sum(axis=1).mean()
    z = mean
    if kind is Autoencoder:
        z = mean + 0.3 * np.exp(0.5 * log_variance)
    if kind is Beside:
        added += 0.1 * hidden.mean() + (mean**2).sum()
    return ((z @ wd + bd - y) ** 2).mean() + added


def compiled(model):
    model.compile(optimizers.SGD(0.05), "mse", metrics=["mae"])
    return model


@pytest.mark.parametrize("kind", [Autoencoder, Beside, Unread])
def test_what_is_added_is_told_and_learned(kind):
    brasa.set_seed(1)
    model = compiled(kind())
    model.build((None, 6))
    loss, gradients = model.compute_gradients(X, Y)
    for told in (loss, model.test_on_batch(X, Y)[0], model.evaluate(X, Y)[0]):
        np.testing.assert_allclose(told, in_numpy(model, X, Y, kind), rtol=1e-5)
    for index, gradient in enumerate(gradients):
        step = [0.0] * 8
        step[index] = 1e-6 * np.random.default_rng(index).standard_normal(gradient.shape)
        sides = [in_numpy(model, X, Y, kind, [sign * s for s in step]) for sign in (1, -1)]
        want = (sides[0] - sides[1]) / 2
        np.testing.assert_allclose((gradient * step[index]).sum(), want, rtol=1e-3)
        assert np.abs(gradient).max() > 1e-4
    start = model.get_weights()
    model.train_on_batch(X, Y)
    for old, new, gradient in zip(start, model.get_weights(), gradients, strict=True):
        np.testing.assert_allclose(new, old - 0.05 * gradient, rtol=1e-4, atol=1e-6)


def test_an_epoch_tells_the_mean_over_samples():
    """As losses: a last, smaller batch counts as what it is."""
    model = compiled(Autoencoder())
    model.build((None, 6))
    parts = (X[:7], Y[:7]), (X[7:], Y[7:])
    want = sum(len(x) * in_numpy(model, x, y, Autoencoder) for x, y in parts)
    np.testing.assert_allclose(model.evaluate(X, Y, batch_size=7)[0], want / 10, rtol=1e-5)
    model.compile(optimizers.SGD(0.0), "mse")
    history = model.fit(X, Y, batch_size=7, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"], want / 10, rtol=1e-5)
    weighted = model.evaluate(X, Y, sample_weight=np.full(10, 0.5))  # not of what is added
    added = in_numpy(model, X, model.predict(X), Autoencoder)
    mean = ((model.predict(X) - Y) ** 2).mean()
    np.testing.assert_allclose(weighted, 0.5 * mean + added, rtol=1e-5)


@pytest.mark.parametrize("kind", [Autoencoder, Beside, Unread])
def test_copies_and_files_go_on_alike(kind, tmp_path):
    model = compiled(kind())
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model")
    known = {"Latent": Latent, kind.__name__: kind}
    twins = [load_model(tmp_path / "model", known), copy.deepcopy(model)]
    told = model.train_on_batch(X, Y)
    for twin in twins:
        assert twin.train_on_batch(X, Y) == told
        assert_same_bits(twin.get_weights(), model.get_weights())


def test_inside_another_model_it_counts_with_all_that_is_added_there():
    inner = Autoencoder()
    x = Input((6,))
    y = layers.Dense(6, kernel_regularizer=L1L2(0.01, 0.02), name="first")(x)
    model = compiled(Model(x, [y, inner(y)]))
    model.compile("sgd", "mse", loss_weights=[0.5, 2.0])
    hidden, decoded = model.predict(X)
    w = model.get_layer("first").get_weights()[0]
    added = in_numpy(inner, hidden, decoded, Autoencoder)
    added += 0.01 * np.abs(w).sum() + 0.02 * (w**2).sum()
    told = model.evaluate(X, [Y, Y], return_dict=True)
    each = [((p - Y) ** 2).mean() for p in (hidden, decoded)]
    np.testing.assert_allclose(told["loss"], 0.5 * each[0] + 2 * each[1] + added, rtol=1e-5)
    np.testing.assert_allclose(list(told.values())[1:], each, rtol=1e-5)


def test_training_may_decide_and_losses_may_be_parts():
    class Noted(layers.Layer):
        def build(self, input_shape):
            self.shift = self.add_weight("shift", (6,), "zeros")

        def call(self, x, training=False):
            y = ops.add(x, self.shift)
            if training:
                self.add_loss(3.0 * losses.MeanSquaredError()(ops.scale(x, 0.0), y))
                self.add_loss(ops.penalty(self.shift, l1=1.0))
            return y

    model = Sequential([Input((6,)), Noted()])
    model.compile(optimizers.SGD(0.0), "mse")
    plain = ((X - Y) ** 2).mean()
    loss, (gradient,) = model.compute_gradients(X, Y)
    np.testing.assert_allclose(loss, plain + 3 * (X**2).mean(), rtol=1e-5)
    np.testing.assert_allclose(
        gradient, ((X - Y).mean(0) + 3 * X.mean(0)) / 3, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(model.fit(X, Y, verbose=0).history["loss"], loss, rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(X, Y), plain, rtol=1e-5)


def test_activities_are_penalized_by_the_size_of_the_batch():
    brasa.set_seed(2)
    model = Sequential(
        [
            Input((6,)),
            layers.Dense(4, "relu", activity_regularizer=L1L2(0.1, 0.2)),
            layers.ActivityRegularization(l1=0.3),
            layers.Reshape((2, 2)),
            layers.Bidirectional(layers.LSTM(3, activity_regularizer="l2", return_sequences=True)),
            layers.Flatten(),
            layers.Dense(6),
        ]
    )
    model.compile("sgd", "mse")
    relu = model.layers[0](X)
    both = Sequential(model.layers[:4]).predict(X)
    want = ((model.predict(X) - Y) ** 2).mean()
    want += (0.4 * np.abs(relu).sum() + 0.2 * (relu**2).sum() + 0.01 * (both**2).sum()) / 10
    loss, gradients = model.compute_gradients(X, Y)
    np.testing.assert_allclose([loss, model.evaluate(X, Y)], want, rtol=1e-5)
    steepness = slope(model, lambda: model.evaluate(X, Y), 0, np.sign(gradients[0]), 1e-3)
    assert np.isclose(steepness, np.abs(gradients[0]).sum(), rtol=1e-2)


def test_a_description_has_the_regularizer(tmp_path):
    stack = [layers.Dense(4, activity_regularizer="l1"), layers.ActivityRegularization(0.5, 0.25)]
    model = compiled(Sequential([Input((6,)), *stack, layers.Dense(6)]))
    model.save(tmp_path / "model")
    twin = load_model(tmp_path / "model")
    assert twin.evaluate(X, Y) == model.evaluate(X, Y)
    assert (twin.layers[1].l1, twin.layers[1].l2) == (0.5, 0.25)
    assert "activity_regularizer" not in layers.Dense(2).get_config()


def test_what_cannot_be_added_says_so():
    class Constant(layers.Layer):
        def call(self, x):
            self.add_loss(0.5)
            return x

    with pytest.raises(TypeError, match="'constant' adds a constant, float, which has no gradient"):
        Constant()(Input((2,)))
    assert Constant()([[1.0]]).item() == 1.0  # on arrays it does nothing
    x = Input((2,))
    y = layers.Dense(2)(x)
    with pytest.raises(TypeError, match="write a layer that calls"):
        Model(x, y).add_loss(y)
    with pytest.raises(TypeError, match="Dense: activity_regularizer must be"):
        layers.Dense(2, activity_regularizer=3)
