"""Gradient clipping in training: by value, by the norm of each weight, by the norm of all."""

import numpy as np
import pytest

from brasa import Input, Sequential, layers, load_model, optimizers, runtime
from brasa.optimizers import SGD, Adam
from brasa.testing import reference
from brasa.testing.assertions import assert_same_bits

X = np.random.default_rng(3).standard_normal((8, 5)).astype(np.float32)
Y = 10 * np.random.default_rng(4).standard_normal((8, 3)).astype(np.float32)
LIMITS = ({"clipvalue": 0.3}, {"clipnorm": 0.5}, {"global_clipnorm": 0.5})


def net(optimizer):
    model = Sequential([Input((5,)), layers.Dense(7, "tanh"), layers.Dense(3)])
    model.compile(optimizer, "mse")
    return model


def clipped(gradients, limits):
    (name, limit), *_ = limits.items()
    if name == "clipvalue":
        return [reference.clip_value(g, limit) for g in gradients]
    if name == "clipnorm":
        return [reference.clip_norm(g, limit) for g in gradients]
    both = reference.clip_norm(np.concatenate([g.reshape(-1) for g in gradients]), limit)
    ends = np.cumsum([g.size for g in gradients])[:-1]
    return [p.reshape(g.shape) for p, g in zip(np.split(both, ends), gradients, strict=True)]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_a_step_uses_the_clipped_gradients(limits, impl):
    model = net(SGD(0.5, **limits))
    before = model.get_weights()
    _, gradients = model.compute_gradients(X, Y)
    want = clipped(gradients, limits)
    assert any(np.abs(a - b).max() > 0.01 for a, b in zip(want, gradients, strict=True))
    model.train_on_batch(X, Y)
    for old, new, gradient in zip(before, model.get_weights(), want, strict=True):
        np.testing.assert_allclose(new, old - 0.5 * gradient, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_limits_that_nothing_reaches_change_no_bit(limits):
    far = dict.fromkeys(limits, 1e6)
    models = [net(Adam(0.1)), net(Adam(0.1, **far))]
    models[1].set_weights(models[0].get_weights())
    for model in models:
        for _ in range(5):
            model.train_on_batch(X, Y)
    assert_same_bits(models[0].get_weights(), models[1].get_weights())


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_the_number_of_threads_changes_no_bit(limits, threads):
    big = Sequential([Input((300,)), layers.Dense(400, "tanh"), layers.Dense(3)])
    x = np.random.default_rng(1).standard_normal((8, 300)).astype(np.float32)
    start = big.get_weights()
    results = []
    for count in (1, 2):
        runtime.set_threads(count)
        big.set_weights(start)
        big.compile(SGD(0.5, **limits), "mse")
        big.fit(x, Y, epochs=3, batch_size=4, shuffle=False, verbose=0)
        results.append(big.get_weights())
    assert_same_bits(results[1], results[0])


def test_it_costs_nothing_where_it_is_not_asked_for():
    assert "clip" not in net(SGD()).plan(8).describe()
    assert net(SGD(global_clipnorm=1.0)).plan(8).describe().count("clip_norm") == 2  # name and op
    assert "clip" not in net(SGD(clipnorm=1.0)).plan(8, "gradients").describe()


def test_frozen_weights_do_not_count_for_the_norm():
    model = net(SGD(0.5, global_clipnorm=0.5))
    model.layers[0].trainable = False
    model.compile(SGD(0.5, global_clipnorm=0.5), "mse")
    _, gradients = model.compute_gradients(X, Y)
    before = model.get_weights()
    model.train_on_batch(X, Y)
    want = clipped(gradients, {"global_clipnorm": 0.5})
    np.testing.assert_allclose(model.get_weights()[2], before[2] - 0.5 * want[0], rtol=1e-5)


@pytest.mark.parametrize("limits", LIMITS[1:], ids=str)
def test_a_model_recovers_from_a_bad_batch_once_its_weights_are_back(limits):
    model, fresh = net(SGD(0.5, **limits)), net(SGD(0.5, **limits))
    start = model.get_weights()
    fresh.set_weights(start)
    model.train_on_batch(X * np.float32(np.nan), Y)
    assert all(np.isnan(weight).all() for weight in model.get_weights()[2:])
    model.set_weights(start)
    for each in (model, fresh):
        each.optimizer.iterations = 0
        each.train_on_batch(X, Y)
    assert_same_bits(model.get_weights(), fresh.get_weights())


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_a_saved_model_keeps_its_limit(limits, tmp_path):
    model = net(Adam(0.1, **limits))
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.brasa")
    again = load_model(tmp_path / "m.brasa")
    assert again.optimizer.clipping == limits
    for each in (model, again):
        each.fit(X, Y, verbose=0)
    assert_same_bits(again.get_weights(), model.get_weights())


@pytest.mark.parametrize("cls", [SGD, Adam])
def test_refused(cls):
    with pytest.raises(ValueError, match=f"{cls.__name__}: give only one of clipnorm and clipval"):
        cls(clipnorm=1.0, clipvalue=1.0)
    for name in ("clipnorm", "clipvalue", "global_clipnorm"):
        for bad in (0, -1.0, np.nan, np.inf):
            with pytest.raises(ValueError, match=f"{cls.__name__}: {name} must be finite and > 0"):
                cls(**{name: bad})
        with pytest.raises(TypeError, match=f"{cls.__name__}: {name} must be a number"):
            cls(**{name: "small"})
    with pytest.raises(TypeError, match="clipnrom"):
        cls(clipnrom=1.0)
    config = optimizers.serialize(cls(clipnorm=2))
    assert optimizers.get(config).get_config()["clipnorm"] == 2.0
