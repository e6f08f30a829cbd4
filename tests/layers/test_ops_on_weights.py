"""Ops and operators on weights alone in the call() of layers and models: they have gradients."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, ops, optimizers
from brasa.testing.assertions import assert_same_bits

X = np.random.default_rng(1).standard_normal((6, 3)).astype(np.float32)
Y = np.random.default_rng(2).standard_normal((6, 3)).astype(np.float32)

# Of the weights v (3,) and m (3, 3): what multiplies the input, and its NumPy.
CASES = {
    "exp": (lambda v, m: ops.exp(v), lambda v, m: np.exp(v)),
    "square": (lambda v, m: ops.square(v), lambda v, m: v * v),
    "two": (
        lambda v, m: ops.multiply(ops.sigmoid(v), ops.sum(m, 0)),
        lambda v, m: m.sum(0) / (1 + np.exp(-v)),
    ),
    "normalized": (
        lambda v, m: ops.divide(m, ops.sqrt(ops.sum(ops.square(m), 1, keepdims=True)))[:, 1],
        lambda v, m: (m / np.sqrt((m * m).sum(1, keepdims=True)))[:, 1],
    ),
    "product": (
        lambda v, m: ops.sum(ops.matmul(m, ops.transpose(m)), 1),
        lambda v, m: (m @ m.T).sum(1),
    ),
    "parts": (
        lambda v, m: ops.concatenate([ops.slice(v, 0, 1, 2), ops.slice(m, 0, 1, 1)[:, 1]]),
        lambda v, m: np.concatenate([v[1:], m.ravel()[4:5]]),
    ),
    "numbers": (
        lambda v, m: 1 + 2 * v - v / 4 - (3 - v) / 2,
        lambda v, m: 1 + 2 * v - v / 4 - (3 - v) / 2,
    ),
    "operators": (
        lambda v, m: -v * m[1] + abs(v) ** 2 / (v - m[:, 2] + 9) - 1 / (v + 7),
        lambda v, m: -v * m[1] + v**2 / (v - m[:, 2] + 9) - 1 / (v + 7),
    ),
    "limits": (
        lambda v, m: ops.maximum(v, 0.1) + ops.minimum(m[2], v) + ops.divide(2.0, v + 7),
        lambda v, m: np.maximum(v, 0.1) + np.minimum(m[2], v) + 2 / (v + 7),
    ),
}


class Scaled(layers.Layer):
    def __init__(self, factor, **options):
        super().__init__(**options)
        self.factor = factor

    def build(self, input_shape):
        self.v, self.m = self.add_weight("v", (3,)), self.add_weight("m", (3, 3))

    def call(self, x):
        return ops.multiply(x, self.factor(self.v, self.m))


class Whole(Model):
    """The same weights in the hands of a model by subclassing."""

    def __init__(self, factor):
        super().__init__()
        self.inner, self.factor = Scaled(lambda v, m: v), factor

    def call(self, x):
        y = self.inner(x)
        return y * self.factor(self.inner.v, self.inner.m)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("whole", [False, True])
def test_their_gradients_are_those_of_the_weights(name, whole):
    factor, in_numpy = CASES[name]
    model = Whole(factor) if whole else Sequential([Input((3,)), Scaled(factor)])
    model.compile(optimizers.SGD(0.1), "mse")
    model.build((None, 3))
    rng = np.random.default_rng(0)
    start = [rng.standard_normal(p.shape) + 1.5 for p in model.weights]
    model.set_weights(start)
    start = [w.astype(np.float64) for w in model.get_weights()]

    def loss(v, m):
        return ((X * (v if whole else 1) * in_numpy(v, m) - Y) ** 2).mean()

    told, gradients = model.compute_gradients(X, Y)
    np.testing.assert_allclose(told, loss(*start), rtol=1e-5)
    for index, gradient in enumerate(gradients):
        want = np.zeros_like(start[index])
        for place in np.ndindex(want.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = [w.copy() for w in start]
                moved[index][place] += step
                sides.append(loss(*moved))
            want[place] = (sides[0] - sides[1]) / 2e-6
        np.testing.assert_allclose(gradient, want, rtol=1e-3, atol=1e-5)
    before = model.predict(X)
    model.train_on_batch(X, Y)
    moved = [w - 0.1 * g for w, g in zip(start, gradients, strict=True)]
    for got, want in zip(model.get_weights(), moved, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)
    after = model.predict(X)  # what follows from the weights alone is found anew
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_allclose(model.test_on_batch(X, Y), loss(*moved), rtol=1e-4)


def test_a_kernel_that_is_computed_is_a_kernel():
    class Standardized(layers.Conv2D):
        def call(self, x):
            kernel = self.kernel - ops.mean(self.kernel, (0, 1, 2), keepdims=True)
            return ops.conv2d(x, kernel, self.bias)

    brasa.set_seed(1)
    images, targets = np.random.default_rng(3).standard_normal((2, 5, 6, 6, 2)).astype(np.float32)
    model = Sequential([Input((6, 6, 2)), Standardized(3, 3), layers.Conv2DTranspose(2, 3)])
    plain = Sequential([Input((6, 6, 2)), layers.Conv2D(3, 3), layers.Conv2DTranspose(2, 3)])
    kernel, *others = model.get_weights()
    plain.set_weights([kernel - kernel.mean((0, 1, 2)), *others])
    for one in (model, plain):
        one.compile("sgd", "mse")
    (loss, (got, *_)), (want_loss, (want, *_)) = (
        m.compute_gradients(images, targets) for m in (model, plain)
    )
    np.testing.assert_allclose(loss, want_loss, rtol=1e-5)
    np.testing.assert_allclose(got, want - want.mean((0, 1, 2)), rtol=1e-3, atol=1e-6)


def test_a_loss_may_penalize_weights():
    model = Sequential([Input((3,)), layers.Dense(3, use_bias=False)])
    kernel = model.layers[0].kernel

    def penalized(y_true, y_pred):
        return ops.mean(ops.square(y_pred - y_true)) + 0.5 * ops.sum(ops.square(kernel))

    model.compile("sgd", penalized)
    w = model.get_weights()[0]
    loss, (gradient,) = model.compute_gradients(X, Y)
    np.testing.assert_allclose(loss, ((X @ w - Y) ** 2).mean() + 0.5 * (w**2).sum(), rtol=1e-5)
    want = 2 * X.T @ (X @ w - Y) / 18 + w
    np.testing.assert_allclose(gradient, want, rtol=1e-4, atol=1e-6)


def test_outside_they_are_numbers():
    layer = Scaled(lambda v, m: ops.exp(v))
    layer.build((None, 3))
    v, m = layer.get_weights()
    assert_same_bits(layer(X), ops.multiply(X, ops.exp(v)))
    assert_same_bits(2 * layer.v + 1, 2 * v + 1)
    assert_same_bits(np.float32(2) * layer.v, 2 * v)
    assert_same_bits(layer.m[0] - layer.v, m[0] - v)
    assert_same_bits(v - layer.v, np.zeros(3, np.float32))
    assert_same_bits(np.exp(layer.v), np.exp(v))


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (lambda v, m: np.exp(v), r"weight 'scaled/v' has no values .* brasa\.ops on the"),
        (lambda v, m: ops.exp(v.value), r"weight 'scaled/v' has no values"),
    ],
)
def test_what_would_be_a_constant_is_refused(factor, message):
    with pytest.raises(TypeError, match=message):
        Sequential([Input((3,)), Scaled(factor)])


def test_weights_of_others_are_refused():
    other = layers.Dense(3)
    other.build((None, 3))
    model = Sequential([Input((3,)), Scaled(lambda v, m: ops.exp(other.bias))])
    with pytest.raises(ValueError, match=r"Parameter\('dense/bias'.* must be an attribute"):
        model.predict(X)
