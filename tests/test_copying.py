"""Copies of models: equal, apart from each other, and trained on like the original."""

import copy
import multiprocessing
import pickle

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, models, ops
from brasa.testing.assertions import assert_same_bits

COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda model: pickle.loads(pickle.dumps(model))}


@pytest.fixture(params=COPIES)
def copied(request):
    """A way to make a copy."""
    return COPIES[request.param]


@pytest.fixture
def samples(rng):
    return rng.standard_normal((30, 4)).astype(np.float32), rng.integers(0, 3, 30)


class Doubled(layers.Layer):
    """A layer that the library does not know."""

    def call(self, x):
        return ops.add(x, x)


class Stack(Sequential):
    """A class of the user's own."""


def make():
    brasa.set_seed(3)
    stack = [layers.Dense(8, "relu", input_shape=(4,)), Doubled(), layers.BatchNormalization()]
    model = Stack([*stack, layers.Dropout(0.3), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_copy_goes_on_like_the_original_and_apart_from_it(copied, samples):
    model = make()
    model.fit(*samples, epochs=2, verbose=0)
    twin = copied(model)
    assert type(twin) is Stack
    before = model.predict(samples[0])
    assert_same_bits(twin.predict(samples[0]), before)
    ours = twin.fit(*samples, verbose=0).history
    assert_same_bits(model.predict(samples[0]), before)
    assert ours == model.fit(*samples, verbose=0).history
    assert_same_bits(twin.get_weights(), model.get_weights())


def test_functional_models_and_stacks_are_cloned(samples):
    x = Input((4,))
    shared = layers.Dense(4, name="shared")
    for model in (make(), Model(x, [shared(Doubled()(shared(x))), layers.Dense(2)(x)])):
        twin = models.clone_model(model)
        assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
        assert twin.count_params() == model.count_params()
        assert twin.objective is None
        assert not np.array_equal(twin.weights[0], model.weights[0])
    with pytest.raises(TypeError, match="clone_model: model must be a model, got 'lenet'"):
        models.clone_model("lenet")


def test_attributes_are_copied(copied):
    model = make()
    model.notes = {"made": "today"}
    model.layers[0].step = 3
    twin = copied(model)
    assert twin.notes == model.notes
    assert twin.notes is not model.notes
    assert twin.layers[0].step == 3


def test_a_copy_has_layers_of_its_own(copied):
    x = Input((4,))
    shared = layers.TimeDistributed(Doubled())
    steps = layers.Reshape((2, 2))(x)
    model = Model(x, layers.Add()([shared(steps), layers.Dense(2)(shared(steps))]))
    twin = copied(model)
    assert not set(map(id, twin.layers)) & set(map(id, model.layers))
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    ones = np.ones((3, 4), np.float32)
    assert_same_bits(twin.predict(ones), model.predict(ones))


def test_a_model_without_an_input_shape_is_copied(copied, samples):
    model = Sequential([layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    twin = copied(model)
    for each in (model, twin):
        each.fit(*samples, verbose=0)
    assert twin.layers[0] is not model.layers[0]


def _predict(model, x, queue):
    queue.put(model.predict(x))


def test_a_model_goes_to_another_process(samples):
    model = make()
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    worker = context.Process(target=_predict, args=(model, samples[0], queue))
    worker.start()
    found = queue.get(timeout=300)
    worker.join(60)
    assert_same_bits(found, model.predict(samples[0]))
