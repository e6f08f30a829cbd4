"""Arrays beside tensors that have no values yet: constants of the plan."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, losses, ops
from brasa.testing.assertions import assert_same_bits

X = np.float32([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
W = np.array([1.0, 2.0, 5.0])
FIXED = np.float32([[1, 2, 0], [0, 1, 1], [3, 0, 1]])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * W,
        lambda x: W * x,
        lambda x: W - x,
        lambda x: x - W,
        lambda x: W / (4 + x),
        lambda x: x / W,
        lambda x: x + [1.0, 2.0, 5.0],
        lambda x: x + np.array(2.0),
        lambda x: x @ FIXED,
        lambda x: FIXED[:2, :2] @ x,
        lambda x: ops.matmul(x, FIXED[:, :2]),
        lambda x: ops.maximum(x, W),
        lambda x: ops.where(x, W, np.zeros(3)),
        lambda x: ops.concatenate([x, FIXED], axis=0),
        lambda x: ops.embedding(np.int64([1, 0, 1]), x),
    ],
)
def test_a_function_on_symbols_gives_what_it_gives_on_arrays(function):
    value, gradient = brasa.value_and_grad(function)(X)
    want = function(X)
    np.testing.assert_allclose(value, want, rtol=1e-6)
    step = 1e-2
    direction = np.float32([[1, -1, 0.5], [0.25, 1, -1]])
    ends = [np.float64(function(X + sign * step * direction)).sum() for sign in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * step)
    assert (gradient * direction).sum() == pytest.approx(slope, rel=2e-3, abs=2e-3)


def test_they_are_what_they_were_when_the_function_was_traced():
    weights = np.ones(3, np.float32)
    slope = brasa.grad(lambda x: x * weights)
    assert_same_bits(slope(X)[0], np.ones(3, np.float32))
    weights[:] = 7
    assert_same_bits(slope(X)[0], np.ones(3, np.float32))  # an argument would be looked up


def test_equal_arrays_are_one_and_different_ones_are_not():
    def function(x):
        return x * np.full(3, 2.0) + np.full(3, 2.0) + np.full(3, 3.0)

    assert_same_bits(brasa.value_and_grad(function)(X)[0], 2 * X + 5)


class Positions(layers.Layer):
    """Adds sines of the position, made in NumPy for the length at hand."""

    def call(self, x):
        steps, width = x.shape[1:]
        return x + np.sin(np.arange(steps)[:, None] / 10.0 ** np.arange(width))


def sines(steps, width):
    return np.sin(np.arange(steps)[:, None] / 10.0 ** np.arange(width)).astype(np.float32)


def test_a_layer_makes_a_table_for_each_length(rng):
    x = Input((None, 6))
    model = Model(x, Positions()(x))
    for steps in (5, 7, 5):
        values = rng.standard_normal((3, steps, 6), dtype=np.float32)
        assert_same_bits(model.predict(values), values + sines(steps, 6))


def test_batches_of_several_sizes_take_turns(rng):
    x = rng.standard_normal((70, 4, 6), dtype=np.float32)
    model = Sequential([Input((4, 6)), Positions(), layers.Dense(1)])
    model.compile("sgd", "mse")
    y = rng.standard_normal((70, 4, 1), dtype=np.float32)
    want = ((ops.dense(x + sines(4, 6), *model.get_weights()) - y) ** 2).mean()
    assert model.evaluate(x, y, batch_size=32) == pytest.approx(want, rel=1e-5)
    before = want
    model.fit(x, y, batch_size=32, epochs=3, verbose=0)
    assert model.evaluate(x, y, batch_size=32) < before


def test_a_size_of_the_batch_may_decide(rng):
    def numbered(x):
        return x + np.arange(x.shape[0], dtype="f")[:, None]

    model = Sequential([Input((3,)), layers.Lambda(numbered)])
    x = np.zeros((7, 3), np.float32)
    want = np.float32([0, 1, 2, 3, 0, 1, 2])[:, None] + x
    assert_same_bits(model.predict(x, batch_size=4), want)


def test_a_fixed_filter_blurs(rng):
    blur = np.ones((3, 3, 1, 1)) / 9
    model = Sequential(
        [Input((8, 8, 1)), layers.Lambda(lambda x: ops.conv2d(x, blur, padding="same"))]
    )
    images = rng.standard_normal((5, 8, 8, 1), dtype=np.float32)
    want = ops.conv2d(images, blur.astype(np.float32), padding="same")
    np.testing.assert_allclose(model.predict(images), want, rtol=1e-5, atol=1e-6)


def test_weights_meet_arrays_in_a_layer():
    class Scaled(layers.Layer):
        def build(self, input_shape):
            self.v = self.add_weight("v", (3,), initializer="ones")

        def call(self, x):
            return x * (np.float32([1, 2, 3]) * self.v + ops.square(self.v) * W)

    model = Sequential([Input((3,)), Scaled()])
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.predict(X), X * (np.float32([1, 2, 3]) + W), rtol=1e-6)
    _, (gradient,) = model.compute_gradients(X, np.zeros((2, 3)))
    each = X * (np.float32([1, 2, 3]) + W)
    np.testing.assert_allclose(
        gradient, (2 * each * X * (np.float32([1, 2, 3]) + 2 * W)).sum(0) / 6, rtol=1e-5
    )


@pytest.mark.parametrize("weight", [None, np.float32([1, 3])])
def test_losses_take_arrays_as_targets_beside_symbols(weight):
    labels = np.array([2, 0])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    value, gradient = brasa.value_and_grad(lambda x: loss(labels, x, weight))(X)
    by_argument = brasa.value_and_grad(lambda x, y: loss(y, x, weight))(X, labels)
    assert value == pytest.approx(loss(labels, X, weight), rel=1e-6)
    assert_same_bits(gradient, by_argument[1])
    with pytest.raises(IndexError, match="classes"):
        brasa.grad(lambda x: loss(np.array([3, 0]), x))(X)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="cannot be broadcast"):
        brasa.grad(lambda x: x * np.ones(4))(X)
    with pytest.raises(TypeError, match=r"b must be float32 .*, got int64. Convert it"):
        brasa.grad(lambda x: x * np.arange(3))(X)
    with pytest.raises(TypeError, match=r"add: .*numbers"):
        brasa.grad(lambda x: x + np.array(["a", "b", "c"]))(X)
    with pytest.raises(TypeError, match=r"Use brasa\.ops on it instead of NumPy"):
        brasa.grad(lambda x: np.maximum(x, W))(X)
