"""Models whose graph is what their own call() does."""

import copy
import pickle

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, models, ops, optimizers
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits

X = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)


class Net(Model):
    """A residual net of layers and operators; ``training`` goes to the layers alone."""

    def __init__(self, rate=0.5, **options):
        super().__init__(**options)
        self.steps = [layers.Dense(4, "relu"), layers.BatchNormalization()]
        self.drop, self.head = layers.Dropout(rate), layers.Dense(2)

    def call(self, x, training=False):
        y = x
        for step in self.steps:
            y = step(y, training=training) if step.heeds_training else step(y)
        return self.head(self.drop(x + 0.5 * y, training=training))


class NetOfOps(Net):
    """The same where ops and a decision by ``training`` make it one layer."""

    def call(self, x, training=False):
        y = x
        for step in self.steps:
            y = step(y)
        y = ops.add(x, ops.scale(y, 0.5))
        return self.head(self.drop(y) if training else y)


def functional():
    x = Input((4,))
    y = layers.BatchNormalization()(layers.Dense(4, "relu")(x))
    y = layers.Add()([x, layers.Rescaling(0.5)(y)])
    return Model(x, layers.Dense(2)(layers.Dropout(0.0)(y)))


def batch(rng):
    return rng.standard_normal((12, 4)).astype("f"), rng.standard_normal((12, 2)).astype("f")


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
    with pytest.raises(ValueError, match="inputs have no names: give a list"):
        Two().predict({"a": a, "b": b})


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


def test_init_must_run_first():
    class Late(Model):
        def __init__(self):
            self.line = layers.Dense(1)

        def call(self, x):
            return self.line(x)

    with pytest.raises(RuntimeError, match=r"Late: call super\(\).__init__\(\)"):
        Late().predict(np.ones((1, 2)))
    with pytest.raises(TypeError, match="Model: inputs must be an Input"):
        Model()
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'tail'"):
        Net().tail  # noqa: B018


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda m: m(X, X), TypeError, "training must be a bool or None, got ndarray: several inp"),
        (lambda m: m.add_weight("w"), AttributeError, "no attribute 'add_weight': a layer of your"),
        (lambda m: bool(m(Input((4,)))), TypeError, "neither true nor false before the model runs"),
    ],
)
def test_what_keras_has_and_models_do_not(use, error, message):
    with pytest.raises(error, match=message):
        use(Net())


def test_a_dictionary_of_outputs_is_refused():
    class Named(Net):
        def call(self, x):
            return {"y": super().call(x)}

    class WithNothing(Net):
        def call(self, x):
            return super().call(x), None

    with pytest.raises(TypeError, match=r"call\(\) returns a dictionary.*return a list"):
        Named().predict(X)
    with pytest.raises(TypeError, match=r"call\(\) must return outputs of layers, got None"):
        WithNothing().predict(X)


def test_call_alone_says_what_a_model_computes():
    class Stack(Sequential):
        def call(self, x):
            return x

    with pytest.raises(TypeError, match=r"Stack: a Sequential runs its layers one after another"):
        Stack([layers.Dense(2)])
    x = Input((4,))
    with pytest.raises(TypeError, match=r"NetOfOps: call\(\) and inputs=, outputs= both"):
        Model.__init__(NetOfOps(), x, layers.Dense(2)(x))


def test_steps_of_ones_own_are_not_silently_left_out():
    class Trained(Net):
        def train_step(self, data):
            return {}

    model = Trained()
    with pytest.warns(UserWarning, match=r"Trained defines train_step\(\), which nothing"):
        model.compile("sgd", "mse")
    model.build((None, 4))  # says no more


def test_weights_that_are_not_the_models_are_named():
    class New(Net):
        def call(self, x):
            return ops.relu(layers.Dense(2)(self.steps[0](x)))

    model = New()
    with pytest.warns(UserWarning, match=r"neither trained nor saved: \['dense/kernel', 'dense/b"):
        model.build((None, 4))
    assert model.built
    assert model.count_params() == 20


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


def test_an_error_in_call_names_the_layer():
    model = Net()
    with pytest.raises(ValueError, match=r"shape, but for extents of 1, got \(1, 5\) and \(1, 4\)"):
        model.predict(np.ones((2, 5)))


class Holding(Net):
    """Layers that stand in a model, in a wrapper, and in the model itself."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = Sequential([self.steps[0], layers.Dense(4)])
        self.each = layers.TimeDistributed(self.inner)
        self.both = layers.Bidirectional(layers.GRU(2))

    def call(self, x, training=False):
        y = self.both(self.each(layers.Reshape((1, 4))(self.inner(x))))
        return super().call(y, training)


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
}


@pytest.mark.parametrize("kind", [Net, NetOfOps, Holding])
@pytest.mark.parametrize("way", COPIES)
def test_a_copy_goes_on_like_the_original_and_apart_from_it(kind, way, rng):
    x, y = batch(rng)
    model = kind(name="net")
    assert COPIES[way](model).predict(x).shape == (12, 2)
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, y, epochs=2, verbose=0)
    model.head.trainable = False  # counts from compile() on
    twin = COPIES[way](model)
    assert type(twin) is kind
    assert not set(map(id, twin.weights)) & set(map(id, model.weights))
    before = model.predict(x)
    assert_same_bits(twin.predict(x), before)
    ours = [twin.train_on_batch(x, y) for _ in range(3)]
    assert_same_bits(model.predict(x), before)
    assert ours == [model.train_on_batch(x, y) for _ in range(3)]
    assert_same_bits(twin.get_weights(), model.get_weights())
    assert [p.name for p in twin.weights] == [p.name for p in model.weights]
    if kind is Holding:
        assert twin.each.layer is twin.inner
        assert_same_bits(twin.inner.predict(x), model.inner.predict(x))


def test_what_call_does_must_follow_from_attributes():
    outside = [layers.Dense(4)]

    class Hidden(Model):
        def __init__(self):
            super().__init__()
            self.use_it = True

        def call(self, x):
            return outside[0](x) if self.use_it else layers.ReLU()(x)

    model = Hidden()
    model.build((None, 4))
    model.use_it = False
    with pytest.raises(TypeError, match="uses 0 weights in the copy and 2 in the original"):
        copy.deepcopy(model)


@pytest.mark.parametrize("kind", [Net, NetOfOps])
def test_a_clone_has_new_weights(kind, rng):
    class Told(kind):
        def get_config(self):
            return {**super().get_config(), "rate": self.drop.rate}

    model = Told(rate=0.25, name="net")
    assert models.clone_model(model).drop.rate == 0.25
    model.build((None, 4))
    twin = models.clone_model(model)
    assert (type(twin), twin.name, twin.drop.rate) == (Told, "net", 0.25)
    assert twin.count_params() == model.count_params()
    assert not np.array_equal(twin.head.kernel, model.head.kernel)
    with pytest.raises(TypeError, match=r"'net'.*let Net.* define get_config"):
        models.clone_model(kind(name="net"))


@pytest.mark.parametrize("kind", [Net, NetOfOps])
def test_a_file_gives_the_class_back(kind, rng, tmp_path):
    class Told(kind):
        def get_config(self):
            return {**super().get_config(), "rate": self.drop.rate}

    x, y = batch(rng)
    model = Told(rate=0.25, name="net")
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model")
    twin = brasa.load_model(tmp_path / "model", {"Told": Told})
    assert (type(twin), twin.name, twin.drop.rate) == (Told, "net", 0.25)
    assert_same_bits(twin.predict(x), model.predict(x))
    assert twin.train_on_batch(x, y) == model.train_on_batch(x, y)
    if kind is Net:
        assert type(brasa.load_model(tmp_path / "model")) is Model
    else:
        with pytest.raises(brasa.FormatError, match=r"give custom_objects=\{'Told': Told\}"):
            brasa.load_model(tmp_path / "model")


@pytest.mark.parametrize("note", ["text", object()])
def test_a_config_of_ones_own_keeps_files_as_they_are(note, rng, tmp_path):
    class Told(Net):
        def get_config(self):
            return {**super().get_config(), "rate": self.drop.rate, "note": note}

    model = Sequential([Input((3, 4)), layers.TimeDistributed(Told())])
    model.save(tmp_path / "model")
    steps = rng.standard_normal((2, 3, 4)).astype("f")
    assert_same_bits(brasa.load_model(tmp_path / "model").predict(steps), model.predict(steps))
