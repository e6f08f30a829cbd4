"""Optimizers in models: learning, saving, and weights that decay or are excluded from it."""

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers, load_model
from brasa.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adamax,
    AdamW,
    Ftrl,
    Lamb,
    Lion,
    Nadam,
    RMSprop,
)
from brasa.testing.assertions import assert_same_bits


def net(optimizer, seed=3):
    brasa.set_seed(seed)
    model = Sequential([Input((5,)), layers.Dense(7, "tanh"), layers.Dense(3)])
    model.compile(optimizer, "mse")
    return model


X = np.random.default_rng(3).standard_normal((8, 5)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((8, 3)).astype(np.float32)
EVERY = [
    SGD(0.1, 0.9, weight_decay=0.1),
    AdamW(0.1, amsgrad=True),
    RMSprop(0.01, momentum=0.5, centered=True, clipnorm=0.5),
    Adagrad(0.1, weight_decay=0.01, global_clipnorm=0.5),
    Adadelta(0.5, epsilon=1e-3, clipvalue=0.5),
    Adamax(0.1, weight_decay=0.01),
    Nadam(0.1, clipnorm=0.5, name="ahead"),
    Lion(0.01, weight_decay=0.01),
    Ftrl(0.1, initial_accumulator_value=0.5, beta=1.0, clipnorm=0.5),
    Lamb(0.1, weight_decay=0.01, global_clipnorm=0.5, use_ema=True),
]


@pytest.mark.parametrize("optimizer", EVERY, ids=lambda o: type(o).__name__)
def test_a_saved_run_equals_an_uninterrupted_one(optimizer, tmp_path, impl):
    model = net(type(optimizer).from_config(optimizer.get_config()))
    model.fit(X, Y, batch_size=3, epochs=2, verbose=0)
    model.save(tmp_path / "model.brasa")
    twin = load_model(tmp_path / "model.brasa")
    assert type(twin.optimizer) is type(optimizer)
    for one in (model, twin):
        one.fit(X, Y, batch_size=3, epochs=2, verbose=0)
    assert_same_bits(twin.get_weights(), model.get_weights())
    for slot in optimizer.buffers:
        for p, q in zip(model.store.trainable, twin.store.trainable, strict=True):
            a, b = model.store.slots[slot], twin.store.slots[slot]
            assert_same_bits(twin.store.view(b, q), model.store.view(a, p))


@pytest.mark.parametrize(
    "name", ["adagrad", "adamax", "adamw", "ftrl", "lamb", "lion", "nadam", "rmsprop"]
)
def test_names_in_compile_learn(name):
    model = net(name)
    model.optimizer.learning_rate = 0.01
    losses = model.fit(X, Y, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_a_model_without_trainable_weights_cannot_be_trained():
    model = Sequential([Input((5,)), layers.Dense(3, trainable=False)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="no trainable weights: there is nothing to train"):
        model.fit(X, Y, verbose=0)


def test_adagrad_starts_from_what_it_is_told():
    model = net(Adagrad(initial_accumulator_value=0.7))
    assert set(model.store.slots["accumulator"].tolist()) == {np.float32(0.7)}


@pytest.mark.parametrize("optimizer", [SGD(0.5, weight_decay=0.2), AdamW(0.5, 0.2)], ids=repr)
def test_decay_without_a_gradient_shrinks_every_weight(optimizer):
    model = net(optimizer)
    weights = [np.zeros_like(w) for w in model.get_weights()]
    weights[0] += 0.5  # tanh of it meets zeros: no gradient reaches it
    model.set_weights(weights)
    model.train_on_batch(X, np.zeros_like(Y))
    np.testing.assert_allclose(model.get_weights()[0], 0.45, rtol=1e-6)


def excluding(**what):
    """SGD that does nothing but decay: half of each weight in a step."""
    brasa.set_seed(3)
    stack = [layers.Dense(7, bias_initializer="ones"), layers.BatchNormalization(), layers.Dense(3)]
    model = Sequential([Input((5,)), *stack])
    optimizer = AdamW(1.0, 0.5)
    if "layer" in what:
        optimizer.exclude_from_weight_decay([model.layers[what["layer"]].kernel])
    else:
        optimizer.exclude_from_weight_decay(**what)
    model.compile(optimizer, "mse", loss_weights=[0.0])
    return model


@pytest.mark.parametrize(
    ("what", "kept"),
    [
        ({"var_names": ["bias"]}, ["dense/bias", "dense_1/bias"]),
        (
            {"var_names": ["gamma|beta", "^kern"]},
            ["dense/kernel", "dense_1/kernel", "gamma", "beta"],
        ),
        ({"var_names": ["dense"]}, []),
        ({"layer": 2}, ["dense_1/kernel"]),
        ({}, []),
    ],
    ids=str,
)
def test_excluded_weights_do_not_decay(what, kept, tmp_path, impl):
    model = excluding(**what)
    model.save(tmp_path / "model.brasa")
    for one in (model, load_model(tmp_path / "model.brasa")):
        before = {p.name: p.numpy() for p in one.trainable_weights}
        one.train_on_batch(X, Y)
        stays = {n.removeprefix("batch_normalization/") for n in kept}
        for p in one.trainable_weights:
            name = p.name.removeprefix("batch_normalization/")
            assert_same_bits(p.numpy(), before[p.name] * np.float32(1 if name in stays else 0.5))


def test_excluded_weights_take_a_step_of_their_own_kind():
    text = excluding(var_names=["bias"]).plan(8).describe()
    assert [line.split()[1] for line in text.splitlines()[1:-1]].count("adam_step") == 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"var_names": "bias"},
            TypeError,
            "AdamW.exclude_from_weight_decay: var_names must",
        ),
        ({"var_names": [3]}, TypeError, "var_names must hold strings, got 3"),
        ({"var_names": ["("]}, ValueError, r"'\(' is no regular expression"),
        ({"var_list": ["bias"]}, TypeError, "var_list must hold weights of layers, got 'bias'"),
        ({"var_list": 3}, TypeError, "var_list must be a list, got 3"),
    ],
    ids=str,
)
def test_bad_exclusions(arguments, error, message):
    with pytest.raises(error, match=message):
        AdamW().exclude_from_weight_decay(**arguments)


def test_exclusions_come_before_compile():
    model = excluding(var_names=["bias"])
    with pytest.raises(RuntimeError, match="exclude_from_weight_decay: call it before"):
        model.optimizer.exclude_from_weight_decay(var_names=["kernel"])


@pytest.mark.parametrize(
    ("optimizer", "name", "value"),
    [
        (lambda: SGD(0.1, 0.5), "momentum", 0.9),
        (lambda: SGD(0.1), "nesterov", True),
        (lambda: AdamW(0.1), "weight_decay", 0.5),
        (lambda: SGD(0.1), "weight_decay", 0.5),
        (lambda: RMSprop(0.1), "rho", 0.5),
    ],
)
def test_what_plans_would_not_see_cannot_be_set(optimizer, name, value):
    model = net(optimizer())
    before = getattr(model.optimizer, name)
    setattr(model.optimizer, name, before)
    with pytest.raises(RuntimeError, match=f"{name} is fixed since model .* was compiled"):
        setattr(model.optimizer, name, value)
    assert getattr(model.optimizer, name) == before
    free = optimizer()
    setattr(free, name, value)
    assert free.get_config()[name] == value


def test_limits_of_gradients_are_arguments():
    with pytest.raises(RuntimeError, match=r"clipnorm is an argument: SGD\(clipnorm=0.5\)"):
        SGD(0.1).clipnorm = 0.5


@pytest.mark.parametrize("optimizer", [Ftrl(0.1, initial_accumulator_value=0.0), Lamb(0.1)])
def test_gaps_between_weights_stay_zero(optimizer, impl):
    model = net(type(optimizer).from_config(optimizer.get_config()))
    for _ in range(3):
        model.train_on_batch(X, Y)
    store, values = model.store, model.store.values.copy()
    for p in store.offsets:
        assert np.isfinite(store.view(values, p)).all()
        store.view(values, p)[...] = 0
    assert not values.any()
