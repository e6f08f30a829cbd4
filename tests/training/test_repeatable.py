"""The same seed gives the same bits, whatever the threads and the type of the data."""

import numpy as np
import pytest

import brasa
from brasa import Sequential, layers, optimizers, runtime
from brasa.testing.assertions import assert_same_bits
from tests.training.conftest import CLASSES, SAMPLES, make, state, train

# ---- seeds and threads ---------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["adam", optimizers.SGD(0.1, momentum=0.9, nesterov=True)])
def test_the_same_seed_trains_the_same_bits(optimizer, samples):
    settings = optimizers.serialize(optimizers.get(optimizer))
    runs = []
    for seed in (5, 5, 6):
        model = make(settings, seed=seed)
        runs.append((train(model, *samples, epochs=3), state(model)))
    assert runs[0][0] == runs[1][0]
    assert_same_bits(runs[1][1], runs[0][1])
    assert runs[0][0] != runs[2][0]


def test_the_number_of_threads_changes_no_bit_in_twenty_steps(rng, impl, threads):
    # Large enough that the plan gives its steps more than one thread.
    x = rng.standard_normal((320, 12, 12, 2)).astype(np.float32)
    y = rng.integers(0, 10, 320)
    runs = []
    for count in (1, 2, 3):
        runtime.set_threads(count)
        brasa.set_seed(9)
        model = Sequential(
            [
                layers.Conv2D(6, 5, activation="relu", input_shape=(12, 12, 2)),
                layers.MaxPooling2D(2),
                layers.Flatten(),
                layers.Dense(40, activation="tanh"),
                layers.Dropout(0.4),
                layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x, y, batch_size=67, epochs=4, verbose=0).history
        assert model.optimizer.iterations == 20
        runs.append((history, state(model), model.predict(x)))
        if count > 1:
            assert f"  {count}  " in model.plan(67).describe(), "no step uses the team"
    for run in runs[1:]:
        assert run[0] == runs[0][0]
        assert_same_bits(run[1:], runs[0][1:])


def test_dropout_draws_another_mask_at_each_step_and_none_in_tests(samples):
    x, y = samples
    model = make(optimizers.SGD(0.0), dropout=0.5)
    seen = {model.train_on_batch(x, y)[0] for _ in range(4)}
    assert len(seen) == 4
    assert len({model.test_on_batch(x, y)[0] for _ in range(2)}) == 1
    assert_same_bits(model.predict(x), model.predict(x))


def test_gradients_are_those_of_the_step_to_come(samples):
    x, y = samples
    model = make(optimizers.SGD(1.0), dropout=0.5)
    model.train_on_batch(x, y)
    before = model.get_weights()
    _, gradients = model.compute_gradients(x, y)
    model.train_on_batch(x, y)
    for old, gradient, new in zip(before, gradients, model.get_weights(), strict=True):
        assert_same_bits(new, old - gradient)


# ---- kinds of data -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "float64", "int16", "int64", ">f4", "float16"])
def test_the_element_type_of_the_data_changes_no_bit(dtype, rng):
    x = rng.integers(0, 200, (SAMPLES, 6, 6, 1)).astype(np.float32)
    y = rng.integers(0, CLASSES, SAMPLES)
    one, other = make(), make()
    assert train(one, x, y, epochs=2) == train(other, x.astype(dtype), y, epochs=2)
    assert_same_bits(state(one), state(other))
    assert_same_bits(one.predict(x), other.predict(x.astype(dtype)))


@pytest.mark.parametrize("dtype", ["uint8", "int64", ">i4", "uint64"])
def test_the_element_type_of_the_labels_changes_no_bit(dtype, samples):
    x, y = samples
    one, other = make(), make()
    assert train(one, x, y) == train(other, x, y.astype(dtype)[:, None])
    assert_same_bits(state(one), state(other))
