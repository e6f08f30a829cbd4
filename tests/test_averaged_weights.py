"""Averages of the weights: kept by steps, put in their place, swapped for evaluations, saved."""

import copy

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers, load_model, runtime
from brasa.callbacks import Callback, EarlyStopping, LambdaCallback, SwapEMAWeights
from brasa.optimizers import SGD, Adam, AdamW, RMSprop
from brasa.testing.assertions import assert_same_bits
from tests.test_overhead import calls_of

X = np.random.default_rng(3).standard_normal((8, 5)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((8, 3)).astype(np.float32)


def net(optimizer, seed=3, **options):
    brasa.set_seed(seed)
    stack = [layers.Dense(7, "tanh", **options), layers.BatchNormalization(), layers.Dense(3)]
    model = Sequential([Input((5,)), *stack])
    model.compile(optimizer, "mse")
    return model


def averages(model):
    slots = model.store.slots["average"]
    return [model.store.view(slots, p).copy() for p in model.trainable_weights]


def trained(model):
    return [p.numpy() for p in model.trainable_weights]


@pytest.mark.parametrize("every", [None, 3])
def test_averages_are_those_of_the_definition(every, impl):
    model = net(SGD(0.3, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=every))
    plain, wanted = net(SGD(0.3)), None
    for step in range(7):
        model.train_on_batch(X, Y)
        plain.train_on_batch(X, Y)
        now = [w.astype(np.float64) for w in trained(plain)]
        wanted = now if step == 0 else [0.8 * a + 0.2 * w for a, w in zip(wanted, now, strict=True)]
        for got, want in zip(averages(model), wanted, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
        if every and (step + 1) % every == 0:
            assert_same_bits(trained(model), averages(model))
            for weight, average in zip(plain.trainable_weights, averages(model), strict=True):
                weight.assign(average)
        else:
            assert_same_bits(trained(model), trained(plain))


def test_fit_ends_with_the_averages():
    model, same = (net(Adam(0.05, use_ema=True, ema_momentum=0.5)) for _ in range(2))
    model.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    for _ in range(3):
        for at in (0, 4):
            same.train_on_batch(X[at : at + 4], Y[at : at + 4])
    assert_same_bits(averages(model), averages(same))
    assert_same_bits(trained(model), averages(same))
    assert np.abs(trained(same)[0] - averages(same)[0]).max() > 0.01
    kept = trained(same)
    same.optimizer.finalize_variable_values(same.trainable_weights[:1])
    assert_same_bits(trained(same), [averages(same)[0], *kept[1:]])


def test_fit_without_a_step_leaves_the_weights():
    model = net(SGD(use_ema=True))
    before = model.get_weights()
    model.set_weights([2 * w for w in before])
    model.fit(X, Y, epochs=0, verbose=0)
    model.optimizer.finalize_variable_values([])
    assert_same_bits(model.get_weights(), [2 * w for w in before])


def test_steps_without_averages_are_as_they_were(impl):
    plain, other = net(RMSprop(0.01)), net(RMSprop(0.01, use_ema=True))
    assert "moving_average" in other.plan(8).describe().split("optimizer", 1)[1]
    for _ in range(4):
        plain.train_on_batch(X, Y)
        other.train_on_batch(X, Y)
    assert_same_bits(other.get_weights(), plain.get_weights())
    assert plain.optimizer.phase is None
    assert set(plain.store.slots) == {"velocity"}
    plain.optimizer.finalize_variable_values()
    assert_same_bits(other.get_weights(), plain.get_weights())


def test_a_step_without_them_makes_no_further_call():
    plain, other = net(SGD()), net(SGD(use_ema=True))
    for model in (plain, other):
        model.train_on_batch(X, Y)
        model.train_on_batch(X, Y)
    extra = calls_of(lambda: other.train_on_batch(X, Y)) - calls_of(
        lambda: plain.train_on_batch(X, Y)
    )
    assert 0 < extra <= 12


@pytest.mark.parametrize("compiled", [False, True])
def test_a_loop_of_ones_own_has_the_same_bits(compiled):
    def optimizer():
        return AdamW(0.05, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=2)

    want, own, steps = net(optimizer()), net("sgd"), optimizer()
    if compiled:
        own.compile(steps, "mse")
    slopes = brasa.value_and_grad(
        lambda x, y: brasa.losses.MeanSquaredError()(y, own(x, training=True)), weights=own
    )
    for _ in range(5):
        want.train_on_batch(X, Y)
        steps.apply(slopes(X, Y)[1], own.trainable_weights)
        assert_same_bits(own.get_weights(), want.get_weights())
    steps.finalize_variable_values(own.trainable_weights)
    want.optimizer.finalize_variable_values(want.trainable_weights)
    assert_same_bits(own.get_weights(), want.get_weights())


def test_the_constraint_comes_after_the_average():
    limit = brasa.constraints.MaxNorm(0.2)
    model = net(SGD(0.1, use_ema=True, ema_momentum=0.0), kernel_constraint=limit)
    model.train_on_batch(X, Y)
    kernel, average = trained(model)[0], averages(model)[0]
    assert np.linalg.norm(kernel, axis=0).max() <= 0.2001 < np.linalg.norm(average, axis=0).max()


def test_validation_sees_the_averages_and_training_the_weights():
    seen = []

    class Look(Callback):
        def on_test_batch_begin(self, batch, logs=None):
            seen.append(trained(self.model))

        def on_train_batch_end(self, batch, logs=None):
            self.last = trained(self.model)

        def on_epoch_end(self, epoch, logs=None):
            assert_same_bits(seen[-1], averages(self.model))
            assert_same_bits(trained(self.model), self.last)

    model = net(SGD(0.2, use_ema=True))
    watch = [SwapEMAWeights(), Look()]
    history = model.fit(X, Y, epochs=3, verbose=0, validation_data=(X, Y), callbacks=watch)
    assert len(seen) == 3
    last = history.history["val_loss"][-1]
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(last, rel=1e-6)


@pytest.mark.parametrize("stops", [False, True])
def test_callbacks_behind_it_see_the_averages_at_the_end_of_an_epoch(stops):
    told = []

    def look(epoch, logs):
        told.append(model.get_weights())
        model.stop_training = stops and epoch == 1

    model = net(SGD(0.2, use_ema=True))
    watch = [SwapEMAWeights(swap_on_epoch=True), LambdaCallback(on_epoch_end=look)]
    model.fit(X, Y, epochs=2 if not stops else 5, verbose=0, validation_split=0.25, callbacks=watch)
    same = net(SGD(0.2, use_ema=True))
    same.fit(X[:6], Y[:6], epochs=2, verbose=0)
    assert len(told) == 2
    assert_same_bits(model.get_weights(), told[-1])
    assert_same_bits(model.get_weights(), same.get_weights())
    assert_same_bits(averages(model), averages(same))
    assert not model.optimizer.is_swapped


def test_predict_and_evaluate_take_the_callback_and_give_the_weights_back():
    model = net(SGD(0.3, use_ema=True))
    untrained = model.predict(X)
    assert_same_bits(model.predict(X, callbacks=[SwapEMAWeights()]), untrained)
    for _ in range(4):
        model.train_on_batch(X, Y)
    before = model.get_weights()
    outputs = model.predict(X, callbacks=[SwapEMAWeights()])
    loss = model.evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()])
    assert_same_bits(model.get_weights(), before)
    model.optimizer.finalize_variable_values()
    assert_same_bits(model.predict(X), outputs)
    assert model.evaluate(X, Y, verbose=0) == loss


def test_early_stopping_brings_back_what_it_saw():
    model = net(SGD(3.0, use_ema=True, ema_momentum=0.5))
    kept = {}
    watch = LambdaCallback(on_epoch_end=lambda e, _: kept.setdefault(e, model.get_weights()))
    stop = EarlyStopping("loss", patience=2, restore_best_weights=True)
    model.fit(X, Y, epochs=8, verbose=0, callbacks=[watch, stop])
    assert_same_bits(model.get_weights(), kept[stop.best_epoch])


@pytest.mark.parametrize("how", ["brasa", "copy"])
def test_a_saved_run_goes_on_with_its_averages(how, tmp_path):
    def optimizer():
        return Adam(0.05, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3)

    model = net(optimizer())
    model.fit(X, Y, batch_size=3, epochs=2, verbose=0)
    if how == "copy":
        twin = copy.deepcopy(model)
    else:
        model.save(tmp_path / "m.brasa")
        twin = load_model(tmp_path / "m.brasa")
    assert twin.optimizer.get_config() == optimizer().get_config()
    assert_same_bits(averages(twin), averages(model))
    for each in (model, twin):
        each.fit(X, Y, batch_size=3, epochs=2, verbose=0)
    assert_same_bits(twin.get_weights(), model.get_weights())
    assert_same_bits(averages(twin), averages(model))


def test_the_number_of_threads_changes_no_bit(threads):
    brasa.set_seed(1)
    big = Sequential([Input((300,)), layers.Dense(400, "tanh"), layers.Dense(3)])
    x = np.random.default_rng(1).standard_normal((8, 300)).astype(np.float32)
    start, results = big.get_weights(), []
    for count in (1, 2):
        runtime.set_threads(count)
        big.set_weights(start)
        options = {"ema_overwrite_frequency": 2, "gradient_accumulation_steps": 2}
        big.compile(SGD(0.5, global_clipnorm=0.5, use_ema=True, **options), "mse")
        big.fit(x, Y, epochs=3, batch_size=4, shuffle=False, verbose=0)
        results.append([*big.get_weights(), *averages(big)])
    assert_same_bits(results[1], results[0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"use_ema": 1}, TypeError, "SGD: use_ema must be a bool, got 1"),
        ({"ema_momentum": 1.5}, ValueError, r"SGD: ema_momentum must be in \[0, 1\], got 1.5"),
        ({"ema_momentum": "a"}, TypeError, "SGD: ema_momentum must be a number, got 'a'"),
        ({"ema_overwrite_frequency": 0}, ValueError, "ema_overwrite_frequency must be >= 1, got 0"),
        ({"ema_overwrite_frequency": 2.0}, TypeError, "ema_overwrite_frequency must be a whole"),
    ],
    ids=str,
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        SGD(**({"use_ema": True} | arguments))


def test_what_has_no_averages_says_so():
    model = net("sgd")
    for call in (
        lambda: model.fit(X, Y, verbose=0, callbacks=[SwapEMAWeights()]),
        lambda: model.evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()]),
    ):
        with pytest.raises(ValueError, match=r"SwapEMAWeights: model .* with SGD without averages"):
            call()
    with pytest.raises(RuntimeError, match="use_ema is fixed since model"):
        model.optimizer.use_ema = True
    other, optimizer = net(SGD(use_ema=True)), SGD(use_ema=True)
    with pytest.raises(ValueError, match=r"SGD.finalize_variable_values: there is no average of"):
        optimizer.finalize_variable_values(other.trainable_weights)
    with pytest.raises(TypeError, match="wanted weights of layers, got str"):
        optimizer.finalize_variable_values(["kernel"])
