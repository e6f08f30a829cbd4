"""Models and layers told that this is training where nothing is trained: Monte-Carlo dropout."""

import copy

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, load_model, models, ops, plan_cache
from brasa.plan_cache import forget_the_oldest


@pytest.fixture
def x(rng):
    return rng.standard_normal((12, 4)).astype("f")


def dropping():
    start = Input((4,))
    hidden = layers.Dropout(0.5)(layers.Dense(32, "relu")(start), training=True)
    return Model(start, layers.Dense(2)(hidden))


def normalized():
    return Sequential(
        [
            layers.Dense(8, input_shape=(4,)),
            layers.BatchNormalization(momentum=0.9),
            layers.Dropout(0.5),
            layers.Dense(2),
        ]
    )


def drawn(seed, act):
    brasa.set_seed(seed)
    return act()


def test_dropout_that_is_told_to_drops_in_predictions_anew_for_each_batch(x):
    model = dropping()
    same = np.repeat(x[:1], 8, axis=0)
    by_batches = model.predict(same, batch_size=3)
    assert len(np.unique(by_batches[:, 0])) == 8
    assert np.array_equal(drawn(5, lambda: model.predict(x)), drawn(5, lambda: model.predict(x)))
    assert not np.array_equal(model.predict(x), model.predict(x))
    # The mean over many draws is what the whole net says: dropout is linear before a Dense.
    whole = Model(model.input, model.layers[-1](model.layers[0].output))
    draws = np.stack([model(x) for _ in range(2000)])
    spread = draws.std(0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(0) - whole.predict(x)) < 5 * spread).all()


def test_evaluate_draws_too_and_a_step_of_training_follows_from_its_number(x):
    model, y = dropping(), np.zeros((12, 2), "f")
    model.compile("sgd", "mse")
    assert model.evaluate(x, y) != model.evaluate(x, y)
    assert drawn(5, lambda: model.evaluate(x, y, 5)) == drawn(5, lambda: model.evaluate(x, y, 5))
    again = copy.deepcopy(model)
    again.predict(x)
    assert model.train_on_batch(x, y) == again.train_on_batch(x, y)


def test_files_and_copies_keep_it(x, tmp_path):
    model = dropping()
    model.save(tmp_path / "model.brasa")
    loaded = load_model(tmp_path / "model.brasa")
    want = drawn(5, lambda: model.predict(x))
    for other in (loaded, copy.deepcopy(model)):
        assert np.array_equal(drawn(5, lambda other=other: other.predict(x)), want)
    cloned = models.clone_model(model)
    assert not np.array_equal(cloned.predict(x), cloned.predict(x))


def test_a_model_called_as_in_training_is_what_a_function_of_ones_own_gets(x):
    model, twin = normalized(), normalized()
    twin.set_weights(model.get_weights())
    before = model.get_weights()
    outputs = drawn(5, lambda: model(x, training=True))
    step = brasa.value_and_grad(lambda x: (twin(x, training=True), twin(x)), has_aux=True)
    (want, _), _ = drawn(5, lambda: step(x))
    assert np.array_equal(outputs, want)
    for name, old, new, other in zip(
        [p.name for p in model.weights],
        before,
        model.get_weights(),
        twin.get_weights(),
        strict=True,
    ):
        assert np.array_equal(new, old) == ("moving" not in name)
        assert np.array_equal(new, other)
    assert not np.array_equal(model(x, training=True), outputs)


def test_predictions_see_the_statistics_that_a_call_moved(x):
    model = normalized()
    before = model.predict(x)
    for _ in range(200):
        model(x, training=True)
    dense, normalization = model.layers[:2]
    hidden = dense(x)
    assert not np.array_equal(model.predict(x), before)
    np.testing.assert_allclose(normalization.moving_mean.numpy(), hidden.mean(0), atol=1e-5)


def test_a_call_before_compile_and_between_steps(x):
    model, y = normalized(), np.zeros((12, 2), "f")
    assert model(x[:0], training=True).shape == (0, 2)
    model.compile("adam", "mse")
    model(x, training=True)
    model.train_on_batch(x, y)
    model(x, training=True)
    assert model.optimizer.iterations == 1


def test_a_frozen_normalization_stays(x):
    model = normalized()
    model(x, training=True)
    moving = model.layers[1].moving_mean.numpy()
    for trainable in (False, True):
        model.layers[1].trainable = trainable
        model(x, training=True)
        assert np.array_equal(model.layers[1].moving_mean.numpy(), moving) == (not trainable)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("wrapped", [True, False])
def test_frozen_between_two_calls(rng, weighted, wrapped):
    normalization = layers.BatchNormalization(center=weighted, scale=weighted)
    layer = layers.TimeDistributed(normalization) if wrapped else normalization
    model = Sequential([Input((3, 4)), layer, layers.Dense(2)])
    x = rng.standard_normal((2, 3, 4)).astype("f")
    head = model.layers[-1].trainable_weights
    function = brasa.value_and_grad(lambda x: ops.sum(model(x, training=True)), weights=head)
    for act in (lambda: model(x, training=True), lambda: function(x)):
        for trainable in (True, False, True):
            layer.trainable = trainable
            before = normalization.moving_mean.numpy()
            act()
            moved = not np.array_equal(normalization.moving_mean.numpy(), before)
            assert moved == trainable


@pytest.mark.parametrize("told", [True, False])
def test_what_a_layer_was_told_holds_in_models_that_are_told_otherwise(x, told):
    start = Input((4,))
    inner = Model(start, layers.Dropout(0.5)(start, training=told))
    outer = Model(start, inner(start, training=not told))
    function = brasa.value_and_grad(lambda x: inner(x, training=not told))
    for act in (
        lambda: outer.predict(x),
        lambda: inner(x, training=not told),
        lambda: function(x)[0],
    ):
        assert np.array_equal(act(), x) == (not told)


def test_threads_may_make_plans_while_others_are_counted():
    plans = {0: 1}

    def bytes_of(plan):
        plans[len(plans)] = plan  # another thread does
        return plan

    assert forget_the_oldest(plans, bytes_of) == []
    assert len(plans) == 2


def test_threads_may_forget_plans_while_others_do(monkeypatch):
    class Raced(dict):
        def pop(self, key, *default):
            super().pop(key, None)  # another thread is faster
            return super().pop(key, *default)

    monkeypatch.setattr(plan_cache, "_MOST_PLANS", 9)
    plans = Raced({number: number for number in range(12)})
    assert forget_the_oldest(plans, lambda plan: 1) == []
    assert list(plans) == [3, 4, 5, 6, 7, 8, 9, 10, 11]
