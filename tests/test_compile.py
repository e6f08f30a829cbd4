"""compile: what it warns of, what it refuses, and what it leaves as it was."""

import warnings

import numpy as np
import pytest

from brasa import Input, Sequential, layers, losses, metrics, ops, optimizers
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits
from tests.small import small


@pytest.fixture
def images(rng):
    return rng.standard_normal((6, 4, 4, 1)).astype(np.float32)


@pytest.mark.parametrize(
    ("units", "activation", "loss", "message"),
    [
        (3, None, "sparse_categorical_crossentropy", "ends with linear.*activation='softmax'"),
        (3, "relu", "categorical_crossentropy", "ends with relu"),
        (3, "sigmoid", "sparse_categorical_crossentropy", "ends with sigmoid"),
        (1, "softmax", "sparse_categorical_crossentropy", "has one unit"),
        (1, "sigmoid", "categorical_crossentropy", "has one unit"),
        (
            3,
            "softmax",
            losses.SparseCategoricalCrossentropy(from_logits=True),
            "use one of the two",
        ),
        (3, "softmax", "binary_crossentropy", "looks at each unit on its own"),
        (1, None, "binary_crossentropy", "expects probabilities: use activation='sigmoid'"),
        (1, "sigmoid", losses.BinaryCrossentropy(from_logits=True), "use one of the two"),
    ],
)
def test_a_loss_that_cannot_belong_to_its_output_is_a_warning(units, activation, loss, message):
    model = Sequential([layers.Dense(units, activation=activation, input_shape=(2,), name="end")])
    with pytest.warns(UserWarning, match=message) as caught:
        model.compile("sgd", loss)
    assert "'end'" in str(caught[0].message)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("units", "activation", "loss"),
    [
        (3, "softmax", "sparse_categorical_crossentropy"),
        (3, None, losses.CategoricalCrossentropy(from_logits=True)),
        (1, "sigmoid", "binary_crossentropy"),
        (3, "sigmoid", "binary_crossentropy"),
        (1, None, losses.BinaryCrossentropy(from_logits=True)),
        (3, "relu", "mae"),
        (3, "relu", "huber"),
        (3, "relu", "mse"),
    ],
)
def test_a_loss_that_belongs_to_its_output_is_no_warning(units, activation, loss):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Sequential([layers.Dense(units, activation=activation, input_shape=(2,))]).compile(
            loss=loss
        )


class Unit(layers.Layer):
    """A layer whose activation is part of its op."""

    def build(self, input_shape):
        self.w = self.add_weight("w", (input_shape[-1], 1))

    def call(self, x):
        return ops.dense(x, self.w, activation="sigmoid")


@pytest.mark.parametrize(
    "end",
    [
        lambda: [layers.Dense(3), layers.Softmax()],
        lambda: [layers.Dense(6), layers.Reshape((2, 3)), layers.Softmax()],
        lambda: [layers.Dense(3, "softmax"), layers.Dropout(0.1)],
        lambda: [layers.Dense(3, "softmax"), layers.Reshape((1, 3))],
        lambda: [Unit()],
    ],
)
def test_an_activation_counts_wherever_it_is(end):
    kind = "categorical_crossentropy"
    stack = end()
    if isinstance(stack[-1], Unit):
        kind = "binary_crossentropy"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Sequential([Input((2,)), *stack]).compile("sgd", kind)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ValueError, "a loss is needed"),
        ({"loss": "mean_squared_eror"}, ValueError, "Did you mean 'mean_squared_error'"),
        ({"loss": 3}, TypeError, "loss must be one of the names"),
        ({"loss": "mse", "optimizer": "adem"}, ValueError, "Did you mean 'adam'"),
        ({"loss": "mse", "metrics": ["acuracy"]}, ValueError, "Did you mean 'accuracy'"),
        ({"loss": ["mse", "mse"]}, ValueError, "loss has 2 entries"),
        ({"loss": {"other": "mse"}}, ValueError, "needs the keys"),
        ({"loss": "mse", "metrics": {"other": "mse"}}, ValueError, "names no output"),
        ({"loss": "mse", "loss_weights": ["a"]}, TypeError, "loss_weights must be a number"),
        (
            {"loss": "mse", "loss_weights": [float("nan")]},
            ValueError,
            "loss_weights must be finite",
        ),
    ],
)
def test_compile_refuses_what_it_does_not_know(options, error, message):
    model = Sequential([layers.Dense(2, input_shape=(2,))])
    with pytest.raises(error, match=message):
        model.compile(**options)


def test_a_compile_that_fails_leaves_the_last_one(images):
    model = small()
    with pytest.raises(ValueError, match="unknown"):
        model.compile("sgd", "no such loss")
    model.add(layers.Softmax())
    assert model.train_on_batch(images, [0, 1, 2] * 2)[0] > 0


def test_compile_starts_training_anew_and_keeps_the_weights(images):
    model = small()
    y = [0, 1, 2] * 2
    model.fit(images, y, verbose=0)
    before = model.get_weights()
    model.compile("adam", "sparse_categorical_crossentropy")
    assert_same_bits(model.get_weights(), before)
    assert model.optimizer.iterations == 0
    assert not any(slot.any() for slot in model.store.slots.values())
    assert isinstance(model.fit(images, y, verbose=0).history["loss"][0], float)


def test_metrics_keep_their_names(images):
    model = Sequential([layers.Flatten(input_shape=(4, 4, 1)), layers.Dense(3, "softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=["acc", metrics.MeanSquaredError("m")])
    y = np.eye(3)[[0, 1, 2] * 2]
    assert list(model.evaluate(images, y, return_dict=True)) == ["loss", "acc", "m"]


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: m.fit(x, [0] * 6),
        lambda m, x: m.evaluate(x, [0] * 6),
        lambda m, x: m.train_on_batch(x, [0] * 6),
        lambda m, x: m.compute_gradients(x, [0] * 6),
        lambda m, x: m.memory(3),
        lambda m, x: m.plan(3),
        lambda m, x: m.optimizer,
    ],
)
def test_a_model_that_is_not_compiled_says_so(call, images):
    model = Sequential([layers.Flatten(input_shape=(4, 4, 1))], name="raw")
    with pytest.raises(RuntimeError, match=r"model 'raw' is not compiled: call model.compile"):
        call(model, images)
    assert model.predict(images).shape == (6, 16)
    assert model.memory(3, training=False) >= 0


def test_an_optimizer_that_goes_on_remembers_the_weights_that_it_trained(images):
    y = np.arange(6) % 3
    model, other = small(), small()
    other.set_weights(model.get_weights())
    both = [optimizers.Adam(0.01), optimizers.Adam(0.01)]
    for each, optimizer in zip((model, other), both, strict=True):
        each.compile(optimizer, "sparse_categorical_crossentropy")
        each.train_on_batch(images, y)
    model.compile(both[0], "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.train_on_batch(images, y)
    other.train_on_batch(images, y)
    assert_same_bits(model.get_weights(), other.get_weights())
    first = model.layers[0]
    moments = [model.store.view(slot, first.weights[0]) for slot in model.store.slots.values()]
    model.layers[-1].trainable = False
    model.compile(both[0], "sparse_categorical_crossentropy")
    after = [model.store.view(slot, first.weights[0]) for slot in model.store.slots.values()]
    assert len(after) == 2
    assert_same_bits(after, moments)


def test_the_loss_of_a_single_output_is_weighted_too(rng):
    model = Sequential([layers.Dense(2, input_shape=(3,))])
    x, y = rng.standard_normal((9, 3)), rng.standard_normal((9, 2))
    found = {}
    for weight in (1.0, 0.25):
        model.compile(optimizers.SGD(0.0), "mse", loss_weights=[weight], metrics=["mse"])
        found[weight] = model.test_on_batch(x, y), *model.compute_gradients(x, y)
    (loss, metric), told, slopes = found[1.0]
    assert found[0.25][:2] == ([0.25 * loss, metric], 0.25 * told)
    for got, want in zip(found[0.25][2], slopes, strict=True):
        assert_close(got, 0.25 * want.astype(np.float64), 4 * ROUNDING * np.abs(want))


def test_a_head_in_change_is_looked_at_when_training_begins(recwarn):
    model = Sequential([layers.Dense(4, "relu", input_shape=(3,)), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.pop()
    model.add(layers.Dense(3, "softmax"))
    model.train_on_batch(np.zeros((2, 3)), [0, 1])
    assert not recwarn.list
    model.pop()
    assert not recwarn.list
    with pytest.warns(UserWarning, match="ends with relu activation"):
        model.fit(np.zeros((2, 3)), [0, 1], verbose=0)
    model.train_on_batch(np.zeros((2, 3)), [0, 1])
    assert len(recwarn.list) == 0
