"""What optimizers remember, as Keras lists it; numbers with the methods of Keras's variables."""

import copy
import json
import pickle

import numpy as np
import pytest

import brasa
from brasa import Input, Sequential, layers
from brasa.optimizers import SGD, Adam, Nadam, RMSprop
from brasa.optimizers.schedules import ExponentialDecay
from brasa.testing.assertions import assert_same_bits
from tests.with_keras import keras

X = np.random.default_rng(3).standard_normal((8, 5)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((8, 3)).astype(np.float32)
CASES = {
    "SGD": {"learning_rate": 0.1, "momentum": 0.9},
    "Adam": {"amsgrad": True, "use_ema": True, "ema_momentum": 0.8},
    "AdamW": {"gradient_accumulation_steps": 2, "clipnorm": 0.5},
    "Adamax": {},
    "Adagrad": {"use_ema": True, "gradient_accumulation_steps": 3},
    "Adadelta": {},
    "Lion": {},
    "Ftrl": {"learning_rate": 0.1},
    "Lamb": {"learning_rate": 0.02, "use_ema": True},
    "RMSprop": {"momentum": 0.8, "centered": True},
}


def net(optimizer, module=brasa):
    brasa.set_seed(3)
    stack = [module.layers.Dense(7, "tanh", name="a"), module.layers.Dense(3, name="b")]
    model = module.Sequential([module.layers.Input((5,)), *stack])
    model.compile(optimizer, "mse")
    return model


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CASES)
def test_they_are_those_of_keras_in_its_order(name):
    module = keras()
    ours = net(getattr(brasa.optimizers, name)(**CASES[name]))
    theirs = net(getattr(module.optimizers, name)(**CASES[name]), module)
    theirs.set_weights(ours.get_weights())
    for _ in range(4):
        ours.train_on_batch(X, Y)
        theirs.train_on_batch(X, Y)
    pairs = list(zip(ours.optimizer.variables, theirs.optimizer.variables, strict=True))
    assert len(pairs) >= 2 + 4
    for a, b in pairs:
        assert a.shape == tuple(b.shape), (a, b)
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-5)
    store = {}
    ours.optimizer.save_own_variables(store)
    theirs.optimizer.load_own_variables(store)
    for model in (ours, theirs):
        model.train_on_batch(X, Y)
    for a, b in pairs:
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-5)


def test_names_and_values():
    model = net(Nadam(0.25))
    model.train_on_batch(X, Y)
    found = {v.name: v for v in model.optimizer.variables}
    assert list(found) == [
        "iteration", "learning_rate", "a_kernel_m", "a_kernel_v", "a_bias_m", "a_bias_v",
        "b_kernel_m", "b_kernel_v", "b_bias_m", "b_bias_v",
    ]  # fmt: skip
    assert found["a_kernel_m"].path == "nadam/a_kernel_m"
    assert int(found["iteration"].numpy()) == 1
    assert found["iteration"].dtype == "int64"
    assert float(found["learning_rate"].value) == 0.25
    assert_same_bits(np.asarray(found["b_bias_m"]), model.store.view(
        model.store.slots["m"], model.trainable_weights[3]
    ))  # fmt: skip
    assert repr(found["b_bias_v"]) == "OptimizerVariable('nadam/b_bias_v', (3,))"


def test_what_is_assigned_is_what_the_next_step_takes():
    model = net(SGD(0.1, momentum=0.5))
    iteration, rate, *velocities = model.optimizer.variables
    for velocity in velocities:
        velocity.assign(np.full(velocity.shape, 2.0))
    rate.assign(0.0)
    iteration.assign(7)
    before = model.get_weights()
    model.train_on_batch(X, Y)
    assert_same_bits(model.get_weights(), [w + np.float32(1) for w in before])
    assert model.optimizer.iterations == 8
    assert model.optimizer.learning_rate == 0.0


def test_state_goes_over_to_another_optimizer():
    model, other = net(Adam(0.05)), net(Adam(0.5))
    for _ in range(3):
        model.train_on_batch(X, Y)
    other.set_weights(model.get_weights())
    store = {}
    model.optimizer.save_own_variables(store)
    assert sorted(store, key=int) == [str(i) for i in range(10)]
    other.optimizer.load_own_variables(store)
    third = net(Adam(0.9))
    third.set_weights(model.get_weights())
    third.optimizer.set_weights([v.numpy() for v in model.optimizer.variables])
    for each in (model, other, third):
        each.train_on_batch(X, Y)
    assert_same_bits(other.get_weights(), model.get_weights())
    assert_same_bits(third.get_weights(), model.get_weights())


def test_a_free_optimizer_has_them_after_build_or_a_step():
    layer, optimizer = layers.Dense(2), RMSprop(0.1)
    layer.build((None, 3))
    assert not optimizer.built
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate"]
    optimizer.build(layer.trainable_weights)
    assert optimizer.built
    assert [v.shape for v in optimizer.variables] == [(), (), (3, 2), (2,)]
    ones = [np.ones((3, 2)), np.ones(2)]
    before = layer.get_weights()
    optimizer.apply(ones)
    optimizer.apply(ones, iter(layer.trainable_weights))
    assert all((a < b).all() for a, b in zip(layer.get_weights(), before, strict=True))
    assert np.asarray(optimizer.variables[3]).min() > 0


def test_a_scheduled_rate_is_none_of_them():
    optimizer = SGD(ExponentialDecay(0.1, 1, 0.5))
    assert [v.name for v in optimizer.variables] == ["iteration"]


def test_the_rate_is_a_number_that_can_be_assigned():
    optimizer = SGD(0.25)
    rate = optimizer.learning_rate
    rate.assign(0.5)
    assert optimizer.learning_rate == 0.5 == optimizer.get_config()["learning_rate"]
    assert (float(rate), rate + 1, rate < 0.5, repr(rate)) == (0.25, 1.25, True, "0.25")
    assert rate.value == rate.numpy() == 0.25
    assert rate.numpy().dtype == np.float32
    assert json.dumps({"rate": optimizer.learning_rate}) == '{"rate": 0.5}'
    assert type(optimizer.get_config()["learning_rate"]) is float
    optimizer.learning_rate.assign(np.float32(0.125))
    assert optimizer.hyper() == (0.125, 1)
    assert isinstance(optimizer.learning_rate, float)
    for bad, error in ((-1.0, ValueError), ("fast", TypeError)):
        with pytest.raises(error, match="SGD: learning_rate must be"):
            optimizer.learning_rate.assign(bad)
    optimizer.learning_rate = ExponentialDecay(0.1, 1, 0.5)
    with pytest.raises(TypeError, match="SGD: the learning rate follows"):
        rate.assign(0.1)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_the_rate_of_a_copy_is_the_copys(copied):
    optimizer = Adam(0.25)
    twin = copied(optimizer)
    twin.learning_rate.assign(0.5)
    assert (optimizer.learning_rate, twin.learning_rate) == (0.25, 0.5)
    assert type(copied(optimizer.learning_rate)) is float


def test_counts_have_what_keras_gives_them():
    optimizer = SGD()
    optimizer.iterations = 3
    assert optimizer.iterations.numpy() == 3 == optimizer.iterations.value
    assert isinstance(optimizer.iterations, int)
    assert type(copy.deepcopy(optimizer.iterations)) is int


def test_limits_can_be_read():
    optimizer = SGD(clipnorm=0.5)
    assert (optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm) == (0.5, None, None)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda o: o.set_weights([1]), ValueError, r"SGD.set_weights: there are 6 variables, got"),
        (lambda o: o.load_own_variables({"a": 1}), ValueError, "keys must be whole numbers"),
        (
            lambda o: o.set_weights([v.numpy().T for v in o.variables]),
            ValueError,
            r"SGD.set_weights: 'sgd/a_kernel_velocity' has the shape \(5, 7\), got \(7, 5\)",
        ),
        (lambda o: o.variables[2].assign(1), ValueError, r"has the shape \(5, 7\), got \(\)"),
        (lambda o: o.variables[0].assign(0.5), TypeError, "'sgd/iteration' is a whole number"),
        (lambda o: o.variables[0].assign(-1), ValueError, "SGD: steps must be >= 0, got -1"),
        (lambda o: o.build(["kernel"]), TypeError, "SGD.build: wanted weights of layers, got str"),
        (lambda o: o.apply([np.ones(2)]), ValueError, "SGD.apply: there are 1 gradients of 4"),
    ],
)
def test_what_does_not_fit_changes_nothing(call, error, message):
    model = net(SGD(0.1, momentum=0.5))
    model.train_on_batch(X, Y)
    before = [v.numpy() for v in model.optimizer.variables]
    with pytest.raises(error, match=message):
        call(model.optimizer)
    for a, b in zip(model.optimizer.variables, before, strict=True):
        np.testing.assert_array_equal(a.numpy(), b)


def test_a_model_of_ones_own_weights_only():
    model = Sequential([Input((5,)), layers.Dense(2)])
    model.compile(SGD(0.1, momentum=0.5), "mse")
    other = layers.Dense(2)
    other.build((None, 5))
    with pytest.raises(ValueError, match="which does not train"):
        model.optimizer.build(other.trainable_weights)
