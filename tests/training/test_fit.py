"""Learning, what is counted, and arguments."""

import os
from pathlib import Path

import numpy as np
import pytest

import brasa
from brasa import Sequential, callbacks, layers, optimizers
from brasa.models import lenet5
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits
from tests.training.conftest import CLASSES, SAMPLES, cross_entropies, make, state, train

STATM = Path("/proc/self/statm")

# ---- learning ------------------------------------------------------------------------------


def test_the_loss_falls_and_the_accuracy_rises(samples):
    model = make(optimizers.Adam(0.02))
    before = model.evaluate(*samples, return_dict=True)
    history = train(model, *samples, epochs=12)
    after = model.evaluate(*samples, return_dict=True)
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert after["loss"] < 0.3 * before["loss"]
    assert after["accuracy"] == 1


def test_one_batch_of_lenet_is_overfitted(rng):
    brasa.set_seed(1)
    x = rng.random((12, 8, 8, 1), np.float32)
    y = np.arange(12) % CLASSES
    model = lenet5(CLASSES, (8, 8, 1))
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    for _ in range(80):
        model.train_on_batch(x, y)
    loss, accuracy = model.evaluate(x, y)
    assert loss < 0.02
    assert accuracy == 1


# ---- what is counted -----------------------------------------------------------------------


def test_the_mean_is_over_samples_and_not_over_batches(samples):
    x, y = samples
    model = make(optimizers.SGD(0.0), dropout=0.0)
    want = cross_entropies(model, x, y).mean()
    right = (model.predict(x).argmax(-1) == y).mean()
    for batch_size in (1, 16, 49, 50, 64):  # batches of 16 leave one of 2, batches of 49 one of 1
        logs = model.fit(x, y, batch_size=batch_size, verbose=0).history
        assert_close(logs["loss"][0], want, 64 * ROUNDING * want, f"fit, batches of {batch_size}")
        assert_close(logs["accuracy"][0], right, ROUNDING)
        assert_close(model.evaluate(x, y, batch_size)[0], want, 64 * ROUNDING * want)


def test_train_on_batch_is_one_step_of_fit(samples):
    one, other = make(), make()
    x, y = samples
    history = one.fit(x, y, batch_size=SAMPLES, shuffle=False, verbose=0).history
    assert other.train_on_batch(x, y) == [history["loss"][0], history["accuracy"][0]]
    assert_same_bits(state(one), state(other))
    assert one.optimizer.iterations == other.optimizer.iterations == 1


def test_fit_takes_the_rows_in_the_order_of_the_epoch(samples):
    x, y = samples
    for shuffle in (False, True):
        one, other = make(), make()
        train(one, x, y, epochs=2, shuffle=shuffle)
        for _ in range(2):
            order = other.engine.epoch_order(SAMPLES, shuffle=shuffle)
            for start in range(0, SAMPLES, 16):
                rows = order[start : start + 16]
                other.train_on_batch(x[rows], y[rows])
            other.engine.epochs_trained += 1
        assert_same_bits(state(one), state(other), f"shuffle={shuffle}")


def test_shuffling_permutes_each_epoch_anew():
    model = make()
    first = model.engine.epoch_order(SAMPLES, shuffle=True)
    assert sorted(first) == list(range(SAMPLES))
    assert_same_bits(model.engine.epoch_order(SAMPLES, shuffle=True), first)
    model.engine.epochs_trained = 1
    assert (model.engine.epoch_order(SAMPLES, shuffle=True) != first).any()
    assert_same_bits(model.engine.epoch_order(SAMPLES, shuffle=False), np.arange(SAMPLES))


def test_steps_per_epoch_ends_an_epoch_early(samples):
    model = make()
    train(model, *samples, epochs=2, steps_per_epoch=2)
    assert model.optimizer.iterations == 4


@pytest.mark.parametrize("watched", [None, []])
def test_steps_of_evaluate_and_predict_count_for_arrays(samples, watched):
    x, y = samples
    model = make()
    some = model.predict(x, batch_size=8, steps=2, callbacks=watched)
    assert_same_bits(some, model.predict(x, batch_size=8)[:16])
    found = model.evaluate(x, y, batch_size=8, steps=2)
    assert found == model.evaluate(x[:16], y[:16], batch_size=8)
    assert len(model.predict(x, batch_size=SAMPLES, steps=2)) == SAMPLES
    with pytest.raises(ValueError, match="predict: steps must be >= 1, got 0"):
        model.predict(x, steps=0)


@pytest.mark.parametrize("shuffle", [False, True])
def test_short_epochs_go_on_through_the_samples(shuffle):
    seen = []

    class Rows(callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(self.model.fitting.picked.copy())

    model = Sequential([layers.Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    x, options = np.zeros((10, 1)), {"batch_size": 2, "steps_per_epoch": 2, "shuffle": shuffle}
    model.fit(x, x, epochs=5, verbose=0, callbacks=[Rows()], **options)
    first, second = np.concatenate(seen[:5]), np.concatenate(seen[5:])
    assert sorted(first) == sorted(second) == list(range(10))
    assert (first == np.arange(10)).all() == (not shuffle)
    assert (first == second).all() == (not shuffle)
    model.fit(x, x, initial_epoch=1, epochs=2, verbose=0, callbacks=[Rows()], **options)
    if not shuffle:
        assert_same_bits(np.concatenate(seen[10:]), np.arange(4, 8))


def test_a_split_keeps_the_last_samples_for_validation(samples):
    x, y = samples
    one, other = make(), make()
    split = train(one, x, y, epochs=2, validation_split=0.2)
    given = train(other, x[:40], y[:40], epochs=2, validation_data=(x[40:], y[40:]))
    assert split == given
    assert list(split) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert_same_bits(state(one), state(other))


def test_validation_is_an_evaluation_after_the_epoch(samples):
    x, y = samples
    weight = np.linspace(0.5, 2, SAMPLES)
    model = make()
    history = train(model, x, y, validation_data=(x, y, weight), validation_batch_size=7)
    found = model.evaluate(x, y, batch_size=7, sample_weight=weight)
    assert [history["val_loss"][0], history["val_accuracy"][0]] == found


# ---- arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be >= 1, got 0"),
        ({"batch_size": -1}, ValueError, "batch_size must be >= 1, got -1"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be a whole number, got 2.5"),
        ({"batch_size": True}, TypeError, "batch_size must be a whole number"),
        ({"validation_split": 0.2, "validation_batch_size": -1}, ValueError, "must be >= 1"),
        ({"validation_split": 0.2, "validation_batch_size": 0}, ValueError, "must be >= 1"),
        ({"epochs": -1}, ValueError, "epochs must be >= 0, got -1"),
        ({"epochs": 1.5}, TypeError, "epochs must be a whole number"),
        ({"initial_epoch": -1}, ValueError, "initial_epoch must be >= 0, got -1"),
        ({"steps_per_epoch": 0}, ValueError, "steps_per_epoch must be >= 1, got 0"),
        ({"steps_per_epoch": 1.5}, TypeError, "steps_per_epoch must be a whole number"),
        ({"validation_split": 1.0}, ValueError, r"validation_split must be in \[0, 1\)"),
        ({"validation_split": float("nan")}, ValueError, "validation_split must be in"),
        ({"validation_split": 0.999}, ValueError, "leaves none"),
        ({"validation_data": 3}, ValueError, r"must be \(x, y\), \(x, y, sample_weight\) or an it"),
        ({"callbacks": [print]}, TypeError, "callbacks: expected an instance"),
        ({"verbose": 7}, ValueError, "verbose must be 0, 1, 2 or 'auto'"),
    ],
)
def test_a_bad_argument_of_fit_is_refused(options, error, message, samples):
    model = make()
    before = state(model)
    with pytest.raises(error, match=message):
        model.fit(*samples, **{"verbose": 0, **options})
    assert_same_bits(state(model), before)


def test_no_epochs_and_one_huge_batch_are_fine(samples):
    model = make()
    assert train(model, *samples, epochs=0) == {}
    train(model, *samples, batch_size=10**9)
    assert model.optimizer.iterations == 1


# ---- memory --------------------------------------------------------------------------------


def resident_bytes():
    """What this process holds of the machine's memory."""
    return int(STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not STATM.exists(), reason="reads Linux's /proc")
def test_a_thousand_steps_take_no_more_memory(samples):
    x, y = samples
    model = make()
    model.fit(x, y, batch_size=16, epochs=25, verbose=0)  # 100 steps: all plans are made
    before = resident_bytes()
    model.fit(x, y, batch_size=16, epochs=200, verbose=0)
    for _ in range(200):
        model.train_on_batch(x, y)
    assert model.optimizer.iterations == 1100
    # A leak of one image batch or one set of weights a step would be over 4 MB.
    assert resident_bytes() - before < 1 << 20
