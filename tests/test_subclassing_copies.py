"""Models by subclassing that are copied, pickled, cloned and saved."""

import copy
import pickle

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, models
from brasa.testing.assertions import assert_same_bits
from tests.subclassed import Net, NetOfOps, batch


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
