"""Layers of one's own: the weights that they make, and layers that are parts of layers."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, ops, optimizers
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits


def test_weights_may_go_without_a_name(rng):
    class Line(layers.Layer):
        def build(self, input_shape):
            self.slope = self.add_weight(shape=(input_shape[-1],), initializer="ones")
            self.offset = self.add_weight(initializer="zeros")

        def call(self, x):
            return ops.add(ops.multiply(x, self.slope), self.offset)

    model = Sequential([Line(input_shape=(3,), name="line")])
    assert [p.name for p in model.weights] == ["line/weight_0", "line/weight_1"]
    values = rng.standard_normal((4, 3)).astype(np.float32)
    assert_same_bits(model.predict(values), values)
    assert layers.Layer().add_weight((3,), "zeros").shape == (3,)  # as in Keras 3
    with pytest.raises(TypeError, match=r"give shape=\.\.\. by its name"):
        layers.Layer().add_weight(3)


class Block(layers.Layer):
    """A layer made of layers: two dense ones and a sum, as in a residual network."""

    def __init__(self, units=4, **options):
        super().__init__(**options)
        self.units = units
        self.steps = [layers.Dense(units, "tanh"), layers.BatchNormalization()]
        self.last = layers.Dense(units)

    def build(self, input_shape):
        self.scale = self.add_weight("scale", (self.units,), "ones")

    def call(self, x):
        y = x
        for step in self.steps:
            y = step(y)
        return ops.add(x, ops.multiply(self.last(y), self.scale))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def test_a_layer_may_be_made_of_layers(rng, tmp_path):
    def model_of(*stack):
        brasa.set_seed(7)
        model = Sequential([Input((4,)), *stack, layers.Dense(2)])
        model.compile(optimizers.Adam(0.01), "mse")
        return model

    first, second = (layers.Dense(4, "tanh"), layers.BatchNormalization()), layers.Dense(4)
    x = Input((4,))
    y = x
    for layer in (*first, second):
        y = layer(y)
    flat = Model(x, layers.Dense(2)(layers.Add()([x, y])))
    flat.compile(optimizers.Adam(0.01), "mse")
    block = Block(name="block")
    block.build((None, 4))
    model = model_of(block)
    assert [p.name for p in block.weights] == [
        "block/scale",
        "block/dense/kernel",
        "block/dense/bias",
        "block/batch_normalization/gamma",
        "block/batch_normalization/beta",
        "block/batch_normalization/moving_mean",
        "block/batch_normalization/moving_variance",
        "block/dense_1/kernel",
        "block/dense_1/bias",
    ]
    scale, *weights = model.get_weights()
    flat.set_weights(weights)
    values, targets = rng.standard_normal((16, 4)).astype(np.float32), rng.standard_normal((16, 2))
    bound = 256 * ROUNDING
    assert_close(model.predict(values), flat.predict(values), bound)
    for _ in range(2):
        assert_close(
            model.train_on_batch(values, targets), flat.train_on_batch(values, targets), bound
        )
        scale, *weights = model.get_weights()
        model.set_weights([np.ones_like(scale), *weights])
    assert not np.array_equal(weights[0], model_of(Block()).get_weights()[1])
    model.save(tmp_path / "model")
    twin = brasa.load_model(tmp_path / "model", {"Block": Block})
    assert_same_bits(twin.predict(values), model.predict(values))
    assert twin.train_on_batch(values, targets) == model.train_on_batch(values, targets)


def test_layers_inside_a_layer_may_be_frozen(rng):
    class Outer(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.blocks = {"a": Block(), "b": Block()}

        def call(self, x):
            return self.blocks["b"](self.blocks["a"](x))

    outer = Outer()
    outer.blocks["a"].last.trainable = False
    model = Sequential([Input((4,)), outer])
    model.compile(optimizers.SGD(0.1), "mse")
    names = [p.name for p in model.weights]
    assert len(set(names)) == len(names) == 18
    assert names[0] == "outer/block/scale"
    assert names[9] == "outer/block_1/scale"
    frozen = [p.name for p in model.non_trainable_weights]
    assert [name for name in frozen if "moving" not in name] == [
        "outer/block/dense_1/kernel",
        "outer/block/dense_1/bias",
    ]
    before = model.get_weights()
    model.train_on_batch(rng.standard_normal((8, 4)), rng.standard_normal((8, 4)))
    for name, old, new in zip(names, before, model.get_weights(), strict=True):
        assert np.array_equal(old, new) is (name in frozen and "moving" not in name), name


def test_a_layer_inside_two_layers_has_its_weights_once(rng):
    class Around(layers.Layer):
        def __init__(self, layer, **options):
            super().__init__(**options)
            self.inner = layer

        def call(self, x):
            return self.inner(x)

    shared, x = layers.Dense(3), Input((3,))
    models = [
        Model(x, layers.Add()([first(x), second(x), shared(x)]))
        for first, second in ((shared, shared), (Around(shared), Around(shared)))
    ]
    values, targets = rng.standard_normal((6, 3)).astype(np.float32), rng.standard_normal((6, 3))
    found = []
    for model in models:
        model.compile("sgd", "mse")
        assert model.count_params() == 12
        assert len(model.trainable_weights) == 2
        found.append(model.compute_gradients(values, targets)[1])
    for one, other in zip(*found, strict=True):
        assert_close(one, other, 64 * ROUNDING * np.abs(one).max())


def test_layers_inside_a_layer_that_is_wrapped_are_found(rng, tmp_path):
    stack = [layers.TimeDistributed(Block()), layers.TimeDistributed(Block())]
    model = Sequential([Input((3, 4)), *stack])
    model.compile("adam", "mse")
    x = rng.standard_normal((5, 3, 4)).astype(np.float32)
    model.fit(x, np.zeros((5, 3, 4)), verbose=0)
    names = [p.name for p in model.weights]
    assert len(set(names)) == len(names) == 18
    assert all(name.startswith("time_distributed") for name in names)
    model.save(tmp_path / "model")
    twin = brasa.load_model(tmp_path / "model", {"Block": Block})
    assert_same_bits(twin.predict(x), model.predict(x))


def test_weights_of_one_name_are_told_apart(rng, tmp_path):
    class Line(layers.Layer):
        def build(self, input_shape):
            self.slope = self.add_weight("w", (input_shape[-1],))
            self.offset = self.add_weight("w", (input_shape[-1],), "zeros")

        def call(self, x):
            return ops.add(ops.multiply(x, self.slope), self.offset)

    model = Sequential([Line(input_shape=(3,), name="line")])
    assert [p.name for p in model.weights] == ["line/w", "line/w_1"]
    model.save(tmp_path / "model")
    twin = brasa.load_model(tmp_path / "model", {"Line": Line})
    assert_same_bits(twin.get_weights(), model.get_weights())


def test_a_weight_is_an_array_to_numpy():
    layer = layers.Dense(2)
    layer(np.ones((1, 3), np.float32))
    for array in (np.asarray(layer.kernel), np.array(layer.kernel, np.float64)):
        assert array.shape == (3, 2)
        assert np.array_equal(array, layer.get_weights()[0])
    np.array(layer.kernel)[:] = 0  # a copy
    assert layer.get_weights()[0].any()


def test_init_of_a_layer_must_run_first():
    class Late(layers.Layer):
        def __init__(self):
            self.units = 3

        def call(self, x):
            return x

    message = r"^Late: call super\(\).__init__\(\) in __init__ first"
    for use in (lambda: Late()(np.ones((1, 2))), lambda: Sequential([Input((2,)), Late()])):
        with pytest.raises(RuntimeError, match=message):
            use()
    with pytest.raises(AttributeError, match="layer 'dense' was not applied to a tensor yet"):
        layers.Dense(3).input  # noqa: B018
    with pytest.raises(AttributeError, match="'Dense' object has no attribute 'unit'"):
        layers.Dense(3).unit  # noqa: B018
    assert repr(layers.Dense(3, name="head")) == "<Dense 'head'>"


@pytest.mark.parametrize(
    ("call", "got"),
    [
        (lambda x: None, "got None: is `return` missing"),
        (lambda x: 3.0, "got float$"),
        (lambda x: (x, x.shape[0]), "got int in the list$"),
    ],
)
def test_call_must_return_tensors(call, got):
    class Own(layers.Layer):
        def call(self, x):
            return call(x)

    with pytest.raises(TypeError, match=f"layer 'own': call.. must return a tensor .*{got}"):
        Sequential([Input((2,)), Own()])


LIMITS = np.float32([0.5, 0.0, -1.0])


def test_conditions_choose(rng):
    class Positive(layers.Layer):
        def call(self, x):
            return ops.where(x > 0.5, x, 0.0)

    values = rng.standard_normal((4, 3)).astype(np.float32)
    wanted = np.where(values > 0.5, values, 0)
    assert_same_bits(Sequential([Input((3,)), Positive()]).predict(values), wanted)
    for compare in (lambda x: x > 0, lambda x: x >= 0.5, lambda x: x <= 0.5, lambda x: x < LIMITS):
        masks = compare(values).astype(np.float32)
        within = Sequential([Input((3,)), layers.Lambda(compare)])
        assert_same_bits(within.predict(values), masks)
        x = Input((3,))
        assert_same_bits(Model(x, compare(x)).predict(values), masks)
        with pytest.raises(TypeError, match=r"neither true nor false.*ops\.where"):
            Sequential([Input((3,)), layers.Lambda(lambda x, c=compare: x if c(x) else -x)])
        with pytest.raises(TypeError, match="neither true nor false"):
            bool(compare(x))


def test_classes_and_layers_that_were_not_applied():
    with pytest.raises(TypeError, match=r"got the class ReLU: make one of it, ReLU\(\.\.\.\)"):
        Sequential([Input((3,)), layers.ReLU])
    with pytest.raises(TypeError, match=r"got Dense: apply each layer to the one before"):
        Model(layers.Dense(2), layers.Dense(3))
