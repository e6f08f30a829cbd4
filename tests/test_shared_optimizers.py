"""One optimizer, one model: it counts the steps, so a second model must have its own."""

import copy
import gc
import pickle

import numpy as np
import pytest

from brasa import Input, Sequential, layers, load_model
from brasa.optimizers import SGD, Adam

X = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)


def net(name=None, shape=(3,)):
    front = [] if shape is None else [Input(shape)]
    return Sequential([*front, layers.Dense(2)], name=name)


@pytest.mark.parametrize("first_shape", [(3,), None], ids=["built", "open"])
@pytest.mark.parametrize("second_shape", [(3,), None], ids=["built", "open"])
def test_a_second_model_is_refused(first_shape, second_shape):
    optimizer, first, second = Adam(), net("first", first_shape), net("second", second_shape)
    first.compile(optimizer, "mse")
    with pytest.raises(ValueError, match=r"'first' is compiled with this very Adam.* 'second' an"):
        second.compile(optimizer, "mse")
    assert second.objective is None
    first.train_on_batch(X, X[:, :2])
    second.compile(Adam.from_config(optimizer.get_config()), "mse")
    second.train_on_batch(X, X[:, :2])
    assert (first.optimizer.iterations, second.optimizer.iterations) == (1, 1)


def test_the_optimizer_that_a_name_made_is_one_too():
    first, second = net(), net()
    first.compile("sgd", "mse")
    with pytest.raises(ValueError, match="this very SGD"):
        second.compile(first.optimizer, "mse")


def test_a_compile_that_fails_takes_nothing():
    optimizer, first, second = SGD(), net(), net()
    with pytest.raises(ValueError, match="loss"):
        first.compile(optimizer, "nonsense")
    second.compile(optimizer, "mse")


def test_a_model_may_be_compiled_again():
    optimizer, model = SGD(), net(shape=None)
    for _ in range(2):
        model.compile(optimizer, "mse")
        model.train_on_batch(X, X[:, :2])
    model.add(layers.Dense(2))
    model.train_on_batch(X, X[:, :2])
    assert model.optimizer is optimizer
    assert optimizer.iterations == 3


def test_a_model_with_another_optimizer_lets_go():
    optimizer, first, second = SGD(), net(), net()
    first.compile(optimizer, "mse")
    first.compile("adam", "mse")
    second.compile(optimizer, "mse")
    with pytest.raises(ValueError, match="this very SGD"):
        first.compile(optimizer, "mse")


def test_models_that_are_gone_do_not_count():
    optimizer, model = SGD(), net()
    model.compile(optimizer, "mse")
    model.me = model  # a cycle: only the collector finds it
    gc.disable()
    try:
        del model
        net().compile(optimizer, "mse")
    finally:
        gc.enable()


@pytest.mark.parametrize("shape", [(3,), None], ids=["built", "open"])
@pytest.mark.parametrize("how", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_have_an_optimizer_of_their_own(how, shape):
    model = net(shape=shape)
    model.compile(SGD(), "mse")
    twin = how(model)
    for one in (model, twin):
        one.train_on_batch(X, X[:, :2])
    assert (model.optimizer.iterations, twin.optimizer.iterations) == (1, 1)
    gc.collect()
    with pytest.raises(ValueError, match="this very SGD"):
        net().compile(twin.optimizer, "mse")


def test_optimizers_are_copied_alone():
    model = net()
    model.compile(SGD(), "mse")
    net().compile(copy.deepcopy(model.optimizer), "mse")
    net().compile(pickle.loads(pickle.dumps(model.optimizer)), "mse")


def test_loaded_models_have_an_optimizer_of_their_own(tmp_path):
    model = net()
    model.compile(SGD(), "mse")
    model.save(tmp_path / "model.brasa")
    loaded = load_model(tmp_path / "model.brasa")
    loaded.compile(loaded.optimizer, "mse")
    model.compile(model.optimizer, "mse")
    with pytest.raises(ValueError, match="this very SGD"):
        model.compile(loaded.optimizer, "mse")
