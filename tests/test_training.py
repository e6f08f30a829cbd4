"""fit: that it learns, what it counts and calls, and that a run can be repeated bit for bit."""

import os
from pathlib import Path

import numpy as np
import pytest

import brasa
from brasa import Sequential, layers, losses, optimizers, runtime
from brasa.models import lenet5
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits

CLASSES = 4
SAMPLES = 50
STATM = Path("/proc/self/statm")


@pytest.fixture
def samples(rng):
    """Images whose class is the row that is bright."""
    y = rng.integers(0, CLASSES, SAMPLES)
    x = 0.5 * rng.standard_normal((SAMPLES, 6, 6, 1))
    x[np.arange(SAMPLES), y] += 2
    return x.astype(np.float32), y


def make(optimizer="adam", *, dropout=0.25, seed=5):
    """A small convolutional network, the same one for the same seed."""
    brasa.set_seed(seed)
    model = Sequential(
        [
            layers.Conv2D(5, 3, activation="relu", input_shape=(6, 6, 1)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(dropout),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def state(model):
    """Everything that training changes."""
    return [*model.get_weights(), *(slot.copy() for slot in model.store.slots.values())]


def train(model, x, y, **options):
    return model.fit(x, y, **{"batch_size": 16, "verbose": 0, **options}).history


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


def cross_entropies(model, x, y):
    """The loss of each sample, in float64 from the predicted probabilities."""
    return -np.log(model.predict(x).astype(np.float64)[np.arange(len(y)), y])


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


# ---- weights of samples and classes --------------------------------------------------------


def linear(units, features, loss, rng):
    """A dense layer alone with its loss, and its weights in float64."""
    model = Sequential([layers.Dense(units, activation="softmax", input_shape=(features,))])
    model.compile(optimizers.SGD(0.5), loss)
    weights = [rng.standard_normal(w.shape).astype(np.float32) for w in model.get_weights()]
    model.set_weights(weights)
    return model, [w.astype(np.float64) for w in weights]


def weighted_step(x, y, weight, kernel, bias, rate):
    """Loss and weights after one step of softmax regression, in float64."""
    z = x @ kernel + bias
    z -= z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = -(weight * np.log(p[np.arange(len(y)), y])).mean()
    p[np.arange(len(y)), y] -= 1
    dz = p * weight[:, None] / len(y)
    return loss, kernel - rate * x.T @ dz, bias - rate * dz.sum(axis=0)


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("by", ["sample", "class"])
def test_weights_scale_losses_and_gradients(by, one_hot, rng):
    x = rng.standard_normal((23, 7)).astype(np.float32)
    y = rng.integers(0, 3, 23)
    kind = losses.CategoricalCrossentropy if one_hot else losses.SparseCategoricalCrossentropy
    model, (kernel, bias) = linear(3, 7, kind(), rng)
    of_class = {0: 0.25, 1: 3.0, 2: 1.0}
    weight = rng.random(23) * 3 if by == "sample" else np.array([of_class[label] for label in y])
    option = {"sample_weight": weight} if by == "sample" else {"class_weight": of_class}
    target = np.eye(3, dtype=np.float32)[y] if one_hot else y
    history = model.fit(x, target, batch_size=23, verbose=0, **option).history
    loss, kernel, bias = weighted_step(x.astype(np.float64), y, weight, kernel, bias, 0.5)
    bound = 64 * ROUNDING
    assert_close(history["loss"][0], loss, bound * loss)
    assert_close(model.get_weights()[0], kernel, bound * np.abs(kernel).max(), "kernel")
    assert_close(model.get_weights()[1], bias, bound * np.abs(bias).max(), "bias")


def test_a_weight_follows_its_sample_through_the_shuffle(samples):
    x, y = samples
    weight = np.linspace(0, 2, SAMPLES).astype(np.float32)
    one, other = make(), make()
    train(one, x, y, sample_weight=weight)
    order = other.engine.epoch_order(SAMPLES, shuffle=True)
    train(other, x[order], y[order], sample_weight=weight[order], shuffle=False)
    assert_same_bits(state(one), state(other))


def test_a_sample_of_weight_zero_changes_nothing(samples):
    x, y = samples
    weight = np.ones(SAMPLES)
    weight[7] = 0
    model = make(dropout=0.0)
    want = model.compute_gradients(x, y, weight)
    spoilt = x.copy()
    spoilt[7] *= -3
    assert_same_bits(model.compute_gradients(spoilt, y, weight)[1], want[1])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"sample_weight": np.ones(3)}, r"sample_weight must have the shape \(50,\), got \(3,\)"),
        ({"sample_weight": -np.ones(SAMPLES)}, "sample_weight must be finite, >= 0"),
        ({"sample_weight": np.full(SAMPLES, np.nan)}, "sample_weight must be finite"),
        ({"sample_weight": np.zeros(SAMPLES)}, "not all zero"),
        ({"class_weight": {0: 1.0}}, r"no entry for the classes \[1, 2, 3\]"),
        ({"class_weight": dict.fromkeys(range(4), -1.0)}, "must be finite, >= 0"),
        ({"class_weight": [1.0] * 4}, r"fit: class_weight must be a dictionary .* got \[1.0, 1.0"),
        ({"class_weight": dict.fromkeys(range(4), "a")}, r"class_weight\[0\] must be a number"),
        ({"class_weight": {}, "sample_weight": np.ones(SAMPLES)}, "not both"),
    ],
)
def test_weights_that_make_no_sense_are_refused(option, message, samples):
    model = make()
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(*samples, verbose=0, **option)
    assert_same_bits(model.get_weights(), before)


# ---- repeatable ----------------------------------------------------------------------------


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
