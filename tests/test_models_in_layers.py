"""Models as attributes of one's own layers, called in ``call``; layers that hold each other."""

import copy
import pickle
import threading

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, load_model, ops
from brasa.optimizers import AdamW
from brasa.testing.assertions import assert_same_bits

X = np.random.default_rng(0).standard_normal((12, 4)).astype(np.float32)
Y = np.random.default_rng(1).standard_normal((12, 2)).astype(np.float32)


def stack(kind):
    if kind == "open":
        return Sequential([layers.Dense(5, "tanh"), layers.Dropout(0.25), layers.Dense(4)])
    if kind == "built":
        return Sequential(
            [Input((4,)), layers.Dense(5, "tanh"), layers.Dropout(0.25), layers.Dense(4)]
        )
    if kind == "nested":
        return Sequential(
            [Sequential([layers.Dense(5, "tanh"), layers.Dropout(0.25)]), layers.Dense(4)]
        )
    x = Input((4,))
    return Model(x, layers.Dense(4)(layers.Dropout(0.25)(layers.Dense(5, "tanh")(x))))


class Residual(layers.Layer):
    def __init__(self, kind="open", **options):
        super().__init__(**options)
        self.kind = kind
        self.net = stack(kind)

    def call(self, x):
        return ops.add(x, self.net(x))

    def get_config(self):
        return {**super().get_config(), "kind": self.kind}


KINDS = pytest.mark.parametrize("kind", ["open", "built", "nested", "functional"])


def outer(kind):
    brasa.set_seed(5)
    model = Sequential([Input((4,)), Residual(kind), layers.Dense(2)])
    model.compile("adam", "mse")
    return model


def flat():
    brasa.set_seed(5)
    x = Input((4,))
    y = layers.Dense(4)(layers.Dropout(0.25)(layers.Dense(5, "tanh")(x)))
    model = Model(x, layers.Dense(2)(layers.Add()([x, y])))
    model.compile("adam", "mse")
    return model


@KINDS
def test_a_model_in_a_layer_is_its_layers(kind):
    model, wanted = outer(kind), flat()
    wanted.set_weights(model.get_weights())
    wanted.engine.seed = model.engine.seed
    for _ in range(4):  # dropout included
        assert model.train_on_batch(X, Y) == wanted.train_on_batch(X, Y)
    assert_same_bits(model.predict(X), wanted.predict(X))
    assert [p.name for p in model.weights] == [
        "residual/dense/kernel",
        "residual/dense/bias",
        "residual/dense_1/kernel",
        "residual/dense_1/bias",
        f"{model.layers[-1].name}/kernel",
        f"{model.layers[-1].name}/bias",
    ]


@KINDS
def test_the_model_inside_sees_what_was_learned(kind):
    model = outer(kind)
    model.train_on_batch(X, Y)
    layer = model.layers[0]
    inside = X + layer.net.predict(X)
    kernel, bias = model.layers[1].get_weights()
    assert np.allclose(inside @ kernel + bias, model.predict(X), rtol=1e-5, atol=1e-6)
    assert_same_bits(layer(X), inside)


@KINDS
def test_both_can_be_saved_and_copied(kind, tmp_path):
    model = outer(kind)
    model.train_on_batch(X, Y)
    net = model.layers[0].net
    net.predict(X)
    net.compile("adam", "mse")
    net.train_on_batch(X, X)
    model.save(tmp_path / "outer.brasa")
    net.save(tmp_path / "inner.brasa")
    twins = load_model(tmp_path / "outer.brasa", {"Residual": Residual}), copy.deepcopy(model)
    for twin in twins:
        assert_same_bits(twin.predict(X), model.predict(X))
    alone = [load_model(tmp_path / "inner.brasa"), pickle.loads(pickle.dumps(net))]
    for twin in alone:
        assert_same_bits(twin.predict(X), net.predict(X))
    step = net.train_on_batch(X, X)
    assert [twin.train_on_batch(X, X) for twin in alone] == [step, step]
    fresh = stack("built")
    net.save_weights(tmp_path / "weights")
    net.load_weights(tmp_path / "weights")
    if kind == "built":
        fresh.load_weights(tmp_path / "weights")
        assert_same_bits(fresh.predict(X), net.predict(X))


@KINDS
def test_a_model_in_a_layer_may_be_frozen(kind):
    layer = Residual(kind)
    layer.net.trainable = False
    model = Sequential([Input((4,)), layer, layers.Dense(2)])
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.train_on_batch(X, Y)
    assert len(model.trainable_weights) == 2
    assert_same_bits(layer.get_weights(), before)


class Deaf(layers.Layer):
    """Has a dropout inside, and does not ask whether this is training."""

    def __init__(self, **options):
        super().__init__(**options)
        self.dropout = layers.Dropout(0.5)

    def call(self, x):
        return self.dropout(x)


def test_layers_inside_hear_that_it_is_no_training():
    x = Input((101,))  # odd: no mask of halves keeps the sum
    model = Model(x, layers.Dense(1, kernel_initializer="ones")(Deaf()(x, False)))
    model.compile("sgd", "mse")
    assert model.train_on_batch(np.ones((1, 101)), [[101.0]]) == 0


def test_lengths_stay_open():
    class Steps(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.net = Sequential([layers.LSTM(3, return_sequences=True), layers.Dense(2)])

        def call(self, x):
            return self.net(x)

    model = Sequential([Input((None, 4)), Steps(), layers.GlobalAveragePooling1D()])
    for steps in (3, 7):
        assert model.predict(np.ones((2, steps, 4), np.float32)).shape == (2, 2)


def test_several_inputs_and_outputs():
    a, b = Input((4,)), Input((4,))
    both = Model([a, b], [layers.Add()([a, b]), layers.Subtract()([a, b])])

    class Pair(layers.Layer):
        def call(self, x):
            total, difference = both(x)
            return ops.multiply(total, difference)

    assert_same_bits(Model([a, b], Pair()([a, b])).predict([X, 2 * X]), (3 * X) * -X)

    class One(layers.Layer):
        def call(self, x):
            return both(x)

    with pytest.raises(ValueError, match="takes 2 inputs, got 1"):
        One()(a)


class Holds(layers.Layer):
    def __init__(self, calls=None, **options):
        super().__init__(**options)
        self.dense, self.other, self.calls = layers.Dense(4), None, calls

    def call(self, x):
        y = self.dense(x)
        return self.other(y) if self.calls else y


@pytest.mark.parametrize("first", ["both", "held"])
def test_layers_may_know_each_other(first):
    child, parent = Holds(name="child"), Holds(calls=True, name="parent")
    child.other, parent.other = parent, child
    parent.list = [child]
    parent.list.append(parent.list)
    if first == "held":
        child(X)
    model = Sequential([Input((4,)), parent, layers.Dense(2)])
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    assert len(model.trainable_weights) == 6
    assert not model.non_trainable_weights
    assert [p.name for p in parent.weights] == [
        "parent/dense/kernel",
        "parent/dense/bias",
        "parent/child/dense/kernel",
        "parent/child/dense/bias",
    ]


@pytest.mark.parametrize("arrays", [True, False])
def test_layers_that_call_each_other_say_so(arrays):
    child, parent = Holds(calls=True, name="child"), Holds(calls=True, name="parent")
    child.other, parent.other = parent, child
    with pytest.raises(
        RecursionError, match="'parent' calls itself without end: 'parent' -> 'child' -> 'parent'"
    ):
        parent(X if arrays else Input((4,)))
    assert layers.Dense(3)(X).shape == (12, 3)


def test_a_layer_may_call_itself_on_less():
    class Halves(layers.Layer):
        def call(self, x):
            if x.shape[1] == 1:
                return x
            return self(ops.add(x[:, ::2], x[:, 1::2]))

    assert np.allclose(Halves()(X), X.sum(1, keepdims=True), atol=1e-6)


def test_many_threads_may_run_one_layer():
    layer, found = layers.Dense(2), []
    layer(X)
    wait = threading.Barrier(40)

    class Waits(layers.Layer):
        def call(self, x):
            wait.wait(10)
            return layer(x)

    waits = Waits()
    threads = [threading.Thread(target=lambda: found.append(waits(X))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40


def test_stacks_that_hold_each_other_are_refused():
    first, second, third = (Sequential(name=name) for name in ("one", "two", "three"))
    first.add(second)
    second.add(third)
    for model in (second, first):
        with pytest.raises(ValueError, match="'three' cannot be a part of itself"):
            third.add(model)


def test_a_weight_spared_from_decay_stays_so_in_a_file_of_the_model_inside(tmp_path):
    outer = Sequential([Input((4,)), Residual(), layers.Dense(2)])
    net = outer.layers[0].net
    net.build((None, 4))
    for model in (net, outer):
        optimizer = AdamW(1.0, 0.5)
        optimizer.exclude_from_weight_decay([net.layers[-1].kernel])
        model.compile(optimizer, "mse", loss_weights=[0.0])
        model.save(tmp_path / "m.brasa")
        loaded = load_model(tmp_path / "m.brasa", {"Residual": Residual})
        for one in (loaded, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            spared = one.optimizer.spared(one.weights)
            assert [one.weights.index(p) for p in spared] == [2]


def test_a_model_in_time_distributed_is_copied_with_layers_of_ones_own():
    model = Sequential([Input((3, 4)), layers.TimeDistributed(Sequential([Residual()]))])
    x = np.stack([X, X + 1, X], axis=1)
    assert_same_bits(copy.deepcopy(model).predict(x), model.predict(x))
    assert_same_bits(pickle.loads(pickle.dumps(model)).predict(x), model.predict(x))
