"""Layers that are called with several tensors, each an argument of its own: ``layer(a, b)``."""

import copy
import pickle

import numpy as np
import pytest

from brasa import Input, Model, layers, load_model, models, ops
from brasa.testing.assertions import assert_close, assert_same_bits
from tests.with_keras import keras as keras_of


class Film(layers.Layer):
    """Features scaled and shifted by what another tensor says; a third may be added."""

    def build(self, x_shape, condition_shape, shift_shape=None):
        self.scale = self.add_weight("scale", (condition_shape[-1], x_shape[-1]), "he_normal")

    def call(self, x, condition, shift=None, training=False):
        scaled = x * ops.matmul(condition, self.scale)
        return scaled if shift is None else scaled + shift


class Joined(layers.Layer):
    """Any number of them; its build takes a list of shapes."""

    def build(self, input_shape):
        self.widths = [shape[-1] for shape in input_shape]

    def call(self, *xs):
        return ops.concatenate(xs)


def values_of(rng, *widths):
    return [rng.standard_normal((5, width)).astype("f") for width in widths]


@pytest.mark.parametrize("count", [2, 3])
def test_tensors_by_their_places_on_arrays_and_in_models(count, rng, tmp_path):
    arrays = values_of(rng, 4, 3, 4)[:count]
    inputs = [Input((array.shape[1],)) for array in arrays]
    film = Film()
    model = Model(inputs, layers.Dense(2)(film(*inputs)))
    x, condition, *shift = arrays
    wanted = x * (condition @ film.get_weights()[0]) + (shift[0] if shift else 0)
    assert_close(film(*arrays), wanted, 1e-5)
    assert film.output.shape == (None, 4)
    assert film.input == inputs
    dense = model.layers[-1].get_weights()[0]
    assert_close(model.predict(arrays), wanted @ dense, 1e-5)
    model.compile("sgd", "mse")
    before = film.get_weights()[0]
    model.train_on_batch(arrays, np.zeros((5, 2), "f"))
    assert (film.get_weights()[0] != before).any()
    model.save(tmp_path / "model.brasa")
    clone = models.clone_model(model)
    clone.set_weights(model.get_weights())
    twins = [load_model(tmp_path / "model.brasa", {"Film": Film}), clone]
    twins += [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    whole = Model(inputs, model(inputs))  # as a part of another model
    for twin in [*twins, whole]:
        assert_same_bits(twin.predict(arrays), model.predict(arrays))


def test_the_values_and_steps_are_those_of_keras(rng):
    keras = keras_of()

    class Theirs(keras.layers.Layer):
        def build(self, x_shape, condition_shape):
            shape = (condition_shape[-1], x_shape[-1])
            self.scale = self.add_weight(shape=shape, name="scale")

        def call(self, x, condition):
            return x * keras.ops.matmul(condition, self.scale)

    a, b = Input((4,)), Input((3,))
    c, d = keras.Input((4,)), keras.Input((3,))
    ours = Model([a, b], layers.Dense(2)(Film()(layers.Dense(4)(a), b)))
    dense = keras.layers.Dense
    theirs = keras.Model([c, d], dense(2)(Theirs()(dense(4)(c), d)))
    theirs.set_weights(ours.get_weights())
    x, y = values_of(rng, 4, 3), values_of(rng, 2)[0]
    assert_close(ours.predict(x), theirs.predict(x, verbose=0), 1e-5)
    ours.compile("sgd", "mse")
    theirs.compile(keras.optimizers.SGD(0.01), "mse")
    ours.train_on_batch(x, y)
    theirs.train_on_batch(x, y)
    for one, other in zip(ours.get_weights(), theirs.weights, strict=True):
        assert_close(one, np.asarray(other.value), 1e-5)


def test_calls_of_any_number_and_in_other_layers(rng):
    class Outer(layers.Layer):
        def __init__(self):
            super().__init__()
            self.film, self.joined = Film(), Joined()

        def call(self, x, condition):
            return self.joined(self.film(x, condition), x, condition)

    arrays = values_of(rng, 4, 3)
    inputs = [Input((4,)), Input((3,))]
    outer = Outer()
    model = Model(inputs, outer(*inputs))
    assert model.output_shape == (None, 11)
    assert outer.joined.widths == [4, 4, 3]
    assert_close(model.predict(arrays), outer(*arrays), 1e-6)
    assert Film().compute_output_shape([(None, 4), (None, 3)]) == (None, 4)


def test_numbers_are_arrays_and_training_may_come_last():
    class Told(layers.Layer):
        def call(self, a, b, training=False):
            return a + b * (10.0 if training else 1.0)

    told = Told()
    assert_same_bits(told([[1.0]], [[2.0]]), np.float32([[3.0]]))
    assert_same_bits(told(np.float32([[1.0]]), np.float32([[2.0]]), True), np.float32([[21.0]]))
    x = np.ones((2, 3), np.float32)
    assert_same_bits(layers.Dropout(0.5)(x, False), x)
    a, b = Input((1,)), Input((1,))
    model = Model([a, b], told(a, b, training=True))
    assert_same_bits(model.predict([[[1.0]], [[2.0]]]), np.float32([[21.0]]))


def test_what_does_not_fit_is_said():
    a, b = Input((4,)), Input((3,))
    x = np.ones((2, 4), np.float32)
    for call, message in (
        (lambda: layers.Dense(2)(a, b), r"'dense': several inputs come as a list"),
        (lambda: layers.Dense(2)(x, x), r"call\(\) takes 1 beside training and mask, got 2"),
        (lambda: Film()(a, b, a, a), r"call\(\) takes 3 .* got 4"),
        (lambda: Film()(a, x), "arrays and outputs of layers cannot be mixed"),
        (lambda: Film()(a, [b, b]), "each input is one tensor, got a list as number 1"),
        (lambda: Film()(a, shift=b), "shift cannot be a tensor: several inputs come by their pl"),
        (lambda: layers.Dense(2)(a, training=b), "training cannot be a tensor"),
    ):
        with pytest.raises(TypeError, match=message):
            call()
