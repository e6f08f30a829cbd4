"""What a call of a small model costs in Python, counted in function calls: the same everywhere."""

import sys

import numpy as np
import pytest

import brasa
from brasa import Sequential, layers


def calls_of(work):
    """Calls of Python functions while ``work`` runs."""
    count = 0

    def tracer(frame, event, argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(tracer)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture
def model():
    model = Sequential([layers.Dense(3, activation="softmax", input_shape=(4,))])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def test_a_known_shape_is_predicted_in_few_calls(model, rng):
    x = rng.normal(size=(1, 4)).astype(np.float32)
    first = model.predict_on_batch(x)
    assert calls_of(lambda: model.predict_on_batch(x)) <= 24
    assert calls_of(lambda: model.predict(x)) <= 28
    again = model.predict_on_batch(x)
    assert again is not first
    np.testing.assert_array_equal(again, first)


def test_a_training_step_takes_few_calls(model, rng):
    x, y = rng.normal(size=(8, 4)).astype(np.float32), rng.integers(0, 3, 8)
    model.train_on_batch(x, y)
    assert calls_of(lambda: model.train_on_batch(x, y)) <= 60


def test_a_gradient_of_a_function_takes_few_calls(model, rng):
    x = rng.normal(size=(8, 4)).astype(np.float32)
    by_x = brasa.value_and_grad(model)
    by_weights = brasa.value_and_grad(model, weights=model.trainable_weights)
    by_x(x)
    by_weights(x)
    assert calls_of(lambda: by_x(x)) <= 26
    assert calls_of(lambda: by_weights(x)) <= 28


def test_the_shortcut_checks_what_it_is_given(model, rng):
    x = rng.normal(size=(2, 4)).astype(np.float32)
    want = model.predict_on_batch(x)
    np.testing.assert_array_equal(model.predict_on_batch(x.astype(np.float64)), want)
    np.testing.assert_array_equal(model.predict_on_batch(np.asfortranarray(x)), want)
    with pytest.raises(ValueError, match="expects x of shape"):
        model.predict_on_batch(x[:, :3].copy())
    with pytest.raises(ValueError, match="batch_size must be >= 1"):
        model.predict(x, batch_size=0)


def test_results_of_earlier_calls_stay(model, rng):
    x = rng.normal(size=(2, 4)).astype(np.float32)
    first = model.predict_on_batch(x)
    kept = first.copy()
    model.predict_on_batch(-x)
    np.testing.assert_array_equal(first, kept)


def test_new_weights_and_a_new_objective_are_seen(model, rng):
    x = rng.normal(size=(2, 4)).astype(np.float32)
    before = model.predict_on_batch(x)
    model.set_weights([2 * w + 1 for w in model.get_weights()])
    assert np.abs(model.predict_on_batch(x) - before).max() > 0
    model.compile("adam", "sparse_categorical_crossentropy")
    after = model.predict_on_batch(x)
    model.train_on_batch(x, np.array([0, 1]))
    assert np.abs(model.predict_on_batch(x) - after).max() > 0
