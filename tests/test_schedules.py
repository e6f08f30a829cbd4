"""Learning-rate schedules in training. Their values against Keras's: tests/golden."""

import json
import math

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, callbacks, layers, load_model, optimizers
from brasa.optimizers import SGD, Adagrad, Adam, AdamW, RMSprop, schedules
from brasa.optimizers.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from brasa.testing.assertions import assert_same_bits

X = np.random.default_rng(3).standard_normal((8, 5)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((8, 3)).astype(np.float32)

MADE = [
    ExponentialDecay(0.5, 10, 0.9, staircase=True),
    InverseTimeDecay(0.5, 10, 0.9),
    PiecewiseConstantDecay([3, 7], [0.1, 0.01, 0.001]),
    PolynomialDecay(0.5, 10, 0.1, 2.0, cycle=True),
    CosineDecay(0.1, 10, 0.2, warmup_target=0.5, warmup_steps=3),
    CosineDecayRestarts(0.1, 3, 1.5, 0.9, 0.1),
]


def net(optimizer):
    brasa.set_seed(3)
    model = Sequential([Input((5,)), layers.Dense(7, "tanh"), layers.Dense(3)])
    model.compile(optimizer, "mse")
    return model


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW, RMSprop, Adagrad])
def test_each_step_has_the_rate_of_its_number(kind):
    rate = PiecewiseConstantDecay([1, 4], [0.1, 0.025, 0.2])
    model, twin = net(kind(rate)), net(kind(0.1))
    for step in range(7):
        assert model.optimizer.learning_rate == rate(step)
        twin.optimizer.learning_rate = rate(step)
        assert model.train_on_batch(X, Y) == twin.train_on_batch(X, Y)
    assert_same_bits(model.get_weights(), twin.get_weights())


def test_steps_of_fit_go_on_over_epochs():
    model = net(SGD(PiecewiseConstantDecay([2], [0.5, 0.0])))
    model.fit(X, Y, batch_size=3, verbose=0)
    before = model.get_weights()
    model.fit(X, Y, batch_size=3, epochs=2, verbose=0)
    assert model.optimizer.iterations == 9
    assert_same_bits(model.get_weights(), before)


@pytest.mark.parametrize("schedule", MADE, ids=lambda s: type(s).__name__)
def test_config_survives_json(schedule):
    optimizer = AdamW(schedule, clipnorm=1.0)
    twin = optimizers.get(json.loads(json.dumps(optimizers.serialize(optimizer))))
    assert twin.get_config() == optimizer.get_config()
    for step in (0, 1, 3, 4, 9, 10, 11, 1000):
        optimizer.iterations = twin.iterations = step
        assert twin.learning_rate == optimizer.learning_rate == schedule(step)
    again = schedules.deserialize(schedules.serialize(schedule))
    assert repr(again) == repr(schedule)


@pytest.mark.parametrize("schedule", MADE, ids=lambda s: type(s).__name__)
def test_a_saved_run_equals_an_uninterrupted_one(schedule, tmp_path):
    model = net(RMSprop(schedule, momentum=0.5))
    model.fit(X, Y, batch_size=3, epochs=2, verbose=0)
    model.save(tmp_path / "model.brasa")
    twin = load_model(tmp_path / "model.brasa")
    for one in (model, twin):
        one.fit(X, Y, batch_size=3, epochs=2, verbose=0)
    assert_same_bits(twin.get_weights(), model.get_weights())
    assert twin.optimizer.learning_rate == model.optimizer.learning_rate == schedule(12)


def test_a_number_does_not_replace_a_schedule_another_schedule_does():
    optimizer = SGD(MADE[0])
    with pytest.raises(TypeError, match=r"SGD: the learning rate follows ExponentialDecay.* 0\.1"):
        optimizer.learning_rate = 0.1
    with pytest.raises(TypeError, match="cannot be set"):
        optimizer.lr = 0.1
    assert optimizer.learning_rate == 0.5
    optimizer.learning_rate = MADE[4]
    assert optimizer.learning_rate == 0.1
    optimizer = SGD(0.25)
    optimizer.learning_rate = MADE[0]
    assert optimizer.learning_rate == 0.5


def test_callbacks_that_set_the_rate_say_that_a_schedule_does():
    model = net(SGD(MADE[0]))
    with pytest.raises(TypeError, match="the learning rate follows ExponentialDecay"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch: 0.1)])


def test_logs_have_the_rate_of_the_next_step():
    model = net(SGD(PiecewiseConstantDecay([0], [0.5, 0.25])))
    plateau = callbacks.ReduceLROnPlateau("loss")
    history = model.fit(X, Y, verbose=0, callbacks=[plateau]).history
    assert history["learning_rate"] == [0.25]


def test_a_replay_after_nan_finds_the_steps_own_rates():
    """TerminateOnNaN makes steps again: with the rates that they had."""
    model = net(SGD(PiecewiseConstantDecay([2], [0.01, 1e30])))
    teller = callbacks.TerminateOnNaN()
    model.fit(X, Y, batch_size=4, epochs=4, verbose=0, callbacks=[teller])
    assert model.stop_training
    assert model.optimizer.is_scheduled


def test_schedules_of_the_user_work_and_are_asked_for(tmp_path):
    class Halves(LearningRateSchedule):
        def __call__(self, step):
            return 0.5**step

    model = net(SGD(Halves()))
    model.train_on_batch(X, Y)
    assert model.optimizer.learning_rate == 0.5
    model.save(tmp_path / "model.brasa")
    with pytest.warns(UserWarning, match="not here: Halves"):
        load_model(tmp_path / "model.brasa")
    twin = load_model(tmp_path / "model.brasa", custom_objects={"Halves": Halves})
    assert twin.optimizer.learning_rate == 0.5


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, "fast", None])
def test_a_schedule_that_says_no_rate_is_named(bad):
    class Broken(LearningRateSchedule):
        def __call__(self, step):
            return bad if step else 0.5

    model = net(SGD(Broken()))
    model.train_on_batch(X, Y)
    before = model.get_weights()
    with pytest.raises((TypeError, ValueError), match="Broken: learning_rate must be"):
        model.train_on_batch(X, Y)
    assert_same_bits(model.get_weights(), before)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ExponentialDecay(-1, 10, 0.5), ValueError,
         "ExponentialDecay: initial_learning_rate must be finite and >= 0, got -1"),
        (lambda: ExponentialDecay(0.1, 0, 0.5), ValueError, "ExponentialDecay: decay_steps"),
        (lambda: ExponentialDecay(0.1, 10, -0.5), ValueError, "ExponentialDecay: decay_rate must"),
        (lambda: ExponentialDecay(0.1, 10, 0.5, 1), TypeError, "ExponentialDecay: staircase"),
        (lambda: InverseTimeDecay("a", 10, 0.5), TypeError, "InverseTimeDecay: initial_"),
        (lambda: InverseTimeDecay(0.1, np.inf, 0.5), ValueError, "InverseTimeDecay: decay_steps"),
        (lambda: PolynomialDecay(0.1, 10, power=-1), ValueError, "PolynomialDecay: power must be"),
        (lambda: PolynomialDecay(0.1, 10, cycle="no"), TypeError, "PolynomialDecay: cycle must be"),
        (lambda: CosineDecay(0.1, 10, alpha=2), ValueError, "CosineDecay: alpha must be"),
        (lambda: CosineDecay(0.1, 10, warmup_target=-1), ValueError, "CosineDecay: warmup_target"),
        (lambda: CosineDecay(0.1, 10, warmup_steps=-1), ValueError, "CosineDecay: warmup_steps"),
        (lambda: PiecewiseConstantDecay([1], [0.1]), ValueError,
         "PiecewiseConstantDecay: values must have one entry more than boundaries, got 1 and 1"),
        (lambda: PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]), ValueError, "must rise"),
        (lambda: PiecewiseConstantDecay(3, [0.1]), TypeError, "boundaries must be a list"),
        (lambda: PiecewiseConstantDecay([3], [0.1, -1]), ValueError, r"values\[1\] must be finite"),
        (lambda: SGD({"class_name": "Cosine"}), ValueError,
         "learning-rate schedule 'Cosine' is unknown. Did you mean 'CosineDecay'"),
        (lambda: SGD(lambda step: 0.1), TypeError, "SGD: learning_rate must be a number"),
    ],
)  # fmt: skip
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0, 3.0])
def test_restarts_begin_at_the_top(ratio):
    rate, step = CosineDecayRestarts(1.0, 1024, t_mul=ratio, m_mul=0.5), 0.0
    for i in range(12):
        assert rate(math.ceil(step)) == pytest.approx(0.5**i, abs=1e-5)
        assert rate(math.ceil(step + 1024 * ratio**i) - 1) == pytest.approx(0, abs=1e-4)
        step += 1024 * ratio**i


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"first_decay_steps": 0}, "first_decay_steps must be finite and > 0"),
        ({"t_mul": 0.5}, "t_mul must be at least 1, got 0.5"),
        ({"m_mul": -1}, "m_mul must be"),
        ({"alpha": 2}, r"alpha must be in \[0, 1\]"),
    ],
)
def test_bad_restarts(arguments, message):
    with pytest.raises(ValueError, match=f"CosineDecayRestarts: {message}"):
        CosineDecayRestarts(**{"initial_learning_rate": 0.1, "first_decay_steps": 3, **arguments})
