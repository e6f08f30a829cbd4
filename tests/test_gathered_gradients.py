"""``gradient_accumulation_steps``: one update by the mean of the gradients of several batches."""

import copy

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, load_model, regularizers
from brasa.callbacks import TerminateOnNaN
from brasa.optimizers import SGD, Adam, AdamW, RMSprop
from brasa.optimizers.schedules import ExponentialDecay
from brasa.testing.assertions import assert_same_bits
from tests.test_overhead import calls_of

X = np.random.default_rng(3).standard_normal((12, 5)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((12, 3)).astype(np.float32)


def net(optimizer, seed=3, cls=Sequential, **options):
    brasa.set_seed(seed)
    stack = [Input((5,)), layers.Dense(7, "tanh", **options), layers.Dense(3)]
    model = cls(stack)
    model.compile(optimizer, "mse")
    return model


def gathered(model):
    slots = model.store.slots["gradient_accumulator"]
    return [model.store.view(slots, p).copy() for p in model.trainable_weights]


def parts(model, count=3, repeats=2):
    """The data in equal parts, by turns."""
    for _ in range(repeats):
        for x, y in zip(np.split(X, count), np.split(Y, count), strict=True):
            model.train_on_batch(x, y)


CASES = [
    {"cls": SGD, "learning_rate": 0.3, "momentum": 0.9},
    {"cls": Adam, "learning_rate": 0.05},
    {"cls": AdamW, "learning_rate": 0.05, "weight_decay": 0.2, "global_clipnorm": 0.5},
    {"cls": RMSprop, "learning_rate": 0.01, "clipnorm": 0.1},
    {"cls": SGD, "learning_rate": 0.3, "clipvalue": 0.01},
]


def made(case, **options):
    return case["cls"](**{k: v for k, v in case.items() if k != "cls"}, **options)


@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(map(str, list(c)[1:])))
def test_parts_of_a_batch_make_its_step(case, impl):
    whole, split = net(made(case)), net(made(case, gradient_accumulation_steps=3))
    for _ in range(2):
        whole.train_on_batch(X, Y)
    parts(split)
    assert (split.optimizer.steps, split.optimizer.iterations) == (6, 2)
    for a, b in zip(split.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5)


def test_weights_stay_until_all_parts_are_there():
    model = net(SGD(0.5, weight_decay=0.1, gradient_accumulation_steps=2))
    before = model.get_weights()
    _, first = model.compute_gradients(X[:6], Y[:6])
    _, second = model.compute_gradients(X[6:], Y[6:])
    model.train_on_batch(X[:6], Y[:6])
    assert_same_bits(model.get_weights(), before)
    assert_same_bits(gathered(model), first)
    model.train_on_batch(X[6:], Y[6:])
    for old, a, b, now in zip(before, first, second, model.get_weights(), strict=True):
        want = old - 0.5 * 0.1 * old - 0.5 * (a + b) / 2
        np.testing.assert_allclose(now, want, rtol=1e-5, atol=1e-6)
    assert_same_bits(gathered(model), [np.zeros_like(w) for w in before])


def test_a_gradient_that_is_no_number_is_forgotten_with_its_update():
    model = net(SGD(0.5, gradient_accumulation_steps=2))
    start = model.get_weights()
    model.train_on_batch(X * np.float32(np.nan), Y)
    model.train_on_batch(X, Y)
    assert np.isnan(model.get_weights()[0]).all()
    model.set_weights(start)
    other = net(SGD(0.5, gradient_accumulation_steps=2))
    for each in (model, other):
        parts(each, 2, 1)
    assert_same_bits(model.get_weights(), other.get_weights())


def test_penalties_count_once():
    def model(optimizer):
        return net(optimizer, kernel_regularizer=regularizers.L1L2(0.01, 0.02))

    whole, split = model(SGD(0.3)), model(SGD(0.3, gradient_accumulation_steps=3))
    whole.train_on_batch(X, Y)
    parts(split, 3, 1)
    for a, b in zip(split.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_schedules_go_by_steps_and_adam_by_updates():
    rate = ExponentialDecay(0.1, 1, 0.5)
    optimizer = Adam(rate, gradient_accumulation_steps=2)
    told = []
    for _ in range(4):
        told.append(optimizer.hyper())
        optimizer.count_step()
    assert told == [(0.1, 1), (0.05, 1), (0.025, 2), (0.0125, 2)]
    optimizer.iterations = 5
    assert (optimizer.steps, optimizer.iterations) == (10, 5)


@pytest.mark.parametrize("averaged", [False, True])
def test_a_loop_of_ones_own_has_the_same_bits(averaged):
    def optimizer():
        return AdamW(
            0.05, global_clipnorm=0.3, gradient_accumulation_steps=3, use_ema=averaged,
            ema_momentum=0.6, ema_overwrite_frequency=2 if averaged else None,
        )  # fmt: skip

    want, own, steps = net(optimizer()), net("sgd"), optimizer()
    slopes = brasa.value_and_grad(
        lambda x, y: brasa.losses.MeanSquaredError()(y, own(x)), weights=own
    )
    for number in range(8):
        x, y = np.split(X, 4)[number % 4], np.split(Y, 4)[number % 4]
        want.train_on_batch(x, y)
        steps.apply_gradients(zip(slopes(x, y)[1], own.trainable_weights, strict=True))
        assert_same_bits(own.get_weights(), want.get_weights())


def test_steps_of_ones_own_gather_too():
    class Own(Sequential):
        def train_step(self, data):
            return super().train_step(data)

    want, own = (
        net(Adam(0.05, gradient_accumulation_steps=2), cls=cls) for cls in (Sequential, Own)
    )
    for model in (want, own):
        model.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    assert own.optimizer.steps == 9
    for a, b in zip(own.get_weights(), want.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("how", ["brasa", "copy"])
def test_a_run_that_is_saved_between_two_parts_goes_on(how, tmp_path):
    model = net(Adam(0.05, gradient_accumulation_steps=3))
    model.fit(X, Y, batch_size=3, epochs=1, verbose=0)  # 4 steps: one is gathered
    if how == "copy":
        twin = copy.deepcopy(model)
    else:
        model.save(tmp_path / "m.brasa")
        twin = load_model(tmp_path / "m.brasa")
    assert twin.optimizer.steps == 4
    assert_same_bits(gathered(twin), gathered(model))
    for each in (model, twin):
        each.fit(X, Y, batch_size=3, epochs=2, verbose=0)
    assert_same_bits(twin.get_weights(), model.get_weights())


def test_fit_plans_each_kind_of_step_once():
    model = net(SGD(0.1, gradient_accumulation_steps=4))
    model.fit(X, Y, batch_size=3, epochs=4, verbose=0)
    keys = [key for key in model.engine._plans if key.mode == "train"]
    assert len(keys) == 2
    model.evaluate(X, Y, verbose=0)
    assert {key.phase for key in model.engine._plans if key.mode == "test"} == {None}
    assert {key.phase for key in keys} == set(model.optimizer.phases())


def test_the_memory_of_what_is_gathered_counts():
    plain, other = net(SGD()), net(SGD(gradient_accumulation_steps=2))
    plan, more = (m.engine.memory(m.plan(4), training=True) for m in (plain, other))
    assert more - plan >= 4 * plain.store.trainable_size


def test_a_diagnosis_is_of_the_batch():
    plain, other = net(SGD(0.1)), net(SGD(0.1, gradient_accumulation_steps=2))
    other.train_on_batch(X, Y)
    assert str(other.diagnose(X, Y)) == str(plain.diagnose(X, Y))


def test_the_way_back_to_a_bad_batch_passes_what_was_gathered(capsys):
    model = net(SGD(0.1, gradient_accumulation_steps=2))
    x = X.copy()
    x[7, 2] = np.nan
    watch = TerminateOnNaN()
    model.fit(
        x, Y, batch_size=2, shuffle=False, verbose=0, callbacks=[watch], check_finite=False
    )  # fmt: skip
    assert watch.stopped == (0, 3)
    assert "x[7, 2] is nan" in capsys.readouterr().out + str(watch.diagnosis)
    assert model.optimizer.steps == 4


def test_a_step_without_it_makes_no_further_call():
    plain, other = net(SGD()), net(SGD(gradient_accumulation_steps=2))
    for model in (plain, other):
        for _ in range(4):
            model.train_on_batch(X, Y)
    extra = calls_of(lambda: other.train_on_batch(X, Y)) - calls_of(
        lambda: plain.train_on_batch(X, Y)
    )
    assert 0 < extra <= 12


@pytest.mark.parametrize(
    ("value", "error"), [(1, ValueError), (0, ValueError), (2.0, TypeError), (True, TypeError)]
)
def test_bad_arguments(value, error):
    with pytest.raises(error, match="SGD: gradient_accumulation_steps must be"):
        SGD(gradient_accumulation_steps=value)


def test_it_is_fixed_once_a_model_is_compiled():
    model = net("sgd")
    with pytest.raises(RuntimeError, match="gradient_accumulation_steps is fixed since model"):
        model.optimizer.gradient_accumulation_steps = 4
    assert isinstance(model, Model)
