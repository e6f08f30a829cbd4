"""Models whose graph is what their own call() does."""

import copy
import pickle

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, ops, optimizers
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits
from tests.subclassed import Net, NetOfOps, batch


def functional():
    x = Input((4,))
    y = layers.BatchNormalization()(layers.Dense(4, "relu")(x))
    y = layers.Add()([x, layers.Rescaling(0.5)(y)])
    return Model(x, layers.Dense(2)(layers.Dropout(0.0)(y)))


@pytest.mark.parametrize("kind", [Net, NetOfOps])
def test_it_learns_as_the_functional_model_does(kind, rng):
    x, y = batch(rng)
    twin, model = functional(), kind(rate=0.0)
    for each in (twin, model):
        each.compile("adam", "mse")
    model.build((None, 4))
    model.set_weights(twin.get_weights())
    assert_close(model.predict(x), twin.predict(x), 4 * ROUNDING)
    for _ in range(3):
        assert_close(model.train_on_batch(x, y), twin.train_on_batch(x, y), 256 * ROUNDING)
    assert model.output_shape == (None, 2)


@pytest.mark.parametrize("kind", [Net, NetOfOps])
def test_dropout_works_in_training_alone(kind, rng):
    x, y = batch(rng)
    model = kind(rate=0.9)
    model.compile(optimizers.SGD(0.0), "mse")
    assert len({model.train_on_batch(x, y) for _ in range(4)}) == 4
    assert len({model.test_on_batch(x, y) for _ in range(4)}) == 1
    assert_same_bits(model.predict(x), model.predict(x))


def test_layers_and_operators_alone_give_a_model_of_layers(rng, tmp_path):
    x, y = batch(rng)
    model = Net(name="net")
    model.compile("sgd", "mse")
    assert [layer.default_name for layer in model.layers][:2] == ["dense", "batch_normalization"]
    model.train_on_batch(x, y)
    assert [layer.name for layer in model.layers] == [
        "dense", "batch_normalization", "rescaling", "add", "dropout", "dense_1"
    ]  # fmt: skip
    model.save(tmp_path / "model")
    twin = brasa.load_model(tmp_path / "model")
    assert type(twin) is Model
    assert twin.name == "net"
    assert_same_bits(twin.predict(x), model.predict(x))
    assert twin.train_on_batch(x, y) == model.train_on_batch(x, y)


def test_ops_make_it_one_layer_whose_weights_can_be_saved(rng, tmp_path):
    x, y = batch(rng)
    model, twin = NetOfOps(name="net"), NetOfOps()
    model.compile("sgd", "mse")
    model.train_on_batch(x, y)
    assert [layer.default_name for layer in model.layers] == [
        "dense", "batch_normalization", "dropout", "dense"
    ]  # fmt: skip
    assert [p.name for p in model.weights][:2] == ["net/dense/kernel", "net/dense/bias"]
    with pytest.raises(ValueError, match=r"'net'.*save_weights\(\) and load_weights\(\) work"):
        model.save(tmp_path / "model")
    model.save_weights(tmp_path / "weights")
    twin.build((None, 4))
    twin.set_weights(model.get_weights())
    assert_same_bits(twin.predict(x), model.predict(x))
    same = NetOfOps(name="net")
    same.build((None, 4))
    same.load_weights(tmp_path / "weights")
    assert_same_bits(same.predict(x), model.predict(x))


@pytest.mark.parametrize("compared", [False, True])
def test_training_decides_inside_call(compared):
    class Doubled(Model):
        def __init__(self):
            super().__init__()
            self.line = layers.Dense(1, use_bias=False, kernel_initializer="ones")

        def call(self, x, training=False):
            trains = training == True if compared else training  # noqa: E712
            return 2 * self.line(x) if trains else self.line(x)

    model = Doubled()
    model.compile("sgd", "mae")
    ones = np.ones((4, 3), np.float32)
    assert model.test_on_batch(ones, np.full((4, 1), 3.0)) == 0
    assert model.train_on_batch(ones, np.full((4, 1), 6.0)) == 0


@pytest.mark.parametrize("kind", [Net, NetOfOps])
def test_parts_may_be_frozen(kind, rng):
    x, y = batch(rng)
    model = kind()
    model.steps[0].trainable = False
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    assert len(model.trainable_weights) == 4
    before = model.get_weights()
    model.train_on_batch(x, y)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, False, True, True, True, True, True, True]
    model.trainable = False
    assert model.trainable_weights == []


def test_models_may_be_parts(rng):
    class AutoEncoder(Model):
        def __init__(self, width):
            super().__init__()
            self.encoder = Sequential([layers.Dense(width, "tanh")])
            self.decoder = Sequential([layers.Dense(4)])

        def call(self, x):
            return self.decoder(self.encoder(x))

    x, _ = batch(rng)
    model = AutoEncoder(3)
    model.compile("adam", "mse")
    model.fit(x, x, verbose=0)
    assert_close(model.decoder(model.encoder(x)), model.predict(x), 4 * ROUNDING)
    outer = Sequential([Input((4,)), AutoEncoder(2), layers.Dense(1)])
    assert outer.count_params() == 4 * 2 + 2 + 2 * 4 + 4 + 4 + 1

    class Both(layers.Layer):
        def __init__(self):
            super().__init__()
            self.coder, self.net = AutoEncoder(2), NetOfOps()

        def call(self, x):
            return ops.add(self.net(self.coder(x)), self.net(x))

    assert Sequential([Input((4,)), Both()]).count_params() == 22 + 4 * 4 + 4 + 16 + 4 * 2 + 2


def test_several_inputs_and_outputs(rng):
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.left, self.right = layers.Dense(2), layers.Dense(3)

        def call(self, inputs):
            a, b = inputs
            return self.left(a), self.right(b) - 1

    a, b = rng.standard_normal((5, 4)).astype("f"), rng.standard_normal((5, 6)).astype("f")
    model = Two()
    left, right = model.predict([a, b])
    assert (left.shape, right.shape) == ((5, 2), (5, 3))
    built = Two()
    built.build([(None, 4), (None, 6)])
    assert built.output_shape == [(None, 2), (None, 3)]


def test_numbers_of_things_stay_whole(rng):
    class Words(Model):
        def __init__(self):
            super().__init__()
            self.table, self.memory = layers.Embedding(9, 4, mask_zero=True), layers.LSTM(3)

        def call(self, ids):
            return ops.relu(self.memory(self.table(ids)))

    assert Words().predict(rng.integers(0, 9, (2, 5))).shape == (2, 3)


@pytest.mark.parametrize("goes_on", [False, True])
def test_layers_may_be_made_in_build(goes_on, rng):
    class Mirror(Model):
        def build(self, input_shape):
            self.line = layers.Dense(input_shape[-1])
            if goes_on:
                super().build(input_shape)

        def call(self, x):
            return self.line(x)

    model = Mirror()
    model.compile("sgd", "mse")
    x, _ = batch(rng)
    assert np.isfinite(model.train_on_batch(x, x))
    assert model.count_params() == 20
    assert Sequential([Input((3,)), Mirror()]).count_params() == 12


@pytest.mark.parametrize("kind", [Net, NetOfOps])
def test_a_layer_may_be_replaced(kind, rng):
    x, y = batch(rng)
    model = kind(rate=0.0)
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)
    learned = model.steps[0].get_weights()
    model.head = layers.Dense(3, "softmax")
    assert model.output_shape == (None, 3)
    assert_same_bits(model.steps[0].get_weights(), learned)
    model.steps[0].trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, rng.integers(0, 3, 12), verbose=0)
    assert_same_bits(model.steps[0].get_weights(), learned)
    assert model.predict(x).shape == (12, 3)
    model.head = layers.Dense(4, "softmax")
    assert copy.deepcopy(model).predict(x).shape == (12, 4)


def test_models_of_one_class_may_stand_in_one_model(rng):
    x, y = batch(rng)
    stack = Sequential([Input((4,)), NetOfOps(0.0), layers.Dense(4), NetOfOps(0.0)])
    stack.compile("sgd", "mse")
    assert np.isfinite(stack.train_on_batch(x, y))
    assert [layer.name for layer in stack.layers] == ["netofops", "dense", "netofops_1"]
    twin = pickle.loads(pickle.dumps(stack))
    assert twin.train_on_batch(x, y) == stack.train_on_batch(x, y)
    with pytest.raises(ValueError, match="two layers of the model are named 'net'"):
        Sequential([Input((4,)), NetOfOps(name="net"), layers.Dense(4), NetOfOps(name="net")])


def test_a_summary_lists_the_layers_of_a_call_with_ops():
    model, lines = NetOfOps(name="net"), []
    model.build((None, 4))
    model.summary(print_fn=lines.append)
    rows = [line.split() for line in lines[0].splitlines()[4:9]]
    assert [row[0] for row in rows] == ["dense", "batch_normalization", "dropout", "dense", "net"]
    assert [row[-1] for row in rows] == ["20", "16", "0", "10", "46"]
