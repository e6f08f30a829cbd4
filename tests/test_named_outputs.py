"""Inputs and outputs by their names: dictionaries of them, and of what belongs to each."""

import copy
import importlib.util
import pickle

import numpy as np
import pytest

from brasa import Input, Model, layers, load_model, ops, optimizers
from brasa.testing.assertions import assert_same_bits
from tests.keras_apart import keras_apart

BOTH = {"kind": "mse", "size": "mae"}


@pytest.fixture(scope="module")
def keras():
    if not importlib.util.find_spec("keras") or not importlib.util.find_spec("jax"):
        pytest.skip("Keras is not installed, or JAX is not")
    with keras_apart("jax") as call:
        yield call


def two_named(dictionary=True):
    x = Input((4,), name="x")
    hidden = layers.Dense(5, "tanh", name="hidden")(x)
    kind, size = layers.Dense(2, name="kind")(hidden), layers.Dense(1, name="size")(hidden)
    return Model(x, {"size": size, "kind": kind} if dictionary else [kind, size])


class Named(Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.first, self.second = layers.Dense(2), layers.Dense(1)

    def call(self, x):
        return {"size": self.second(x), "kind": self.first(x)}

    def get_config(self):
        return {"name": self.name}


class NamedByOps(Named):
    def call(self, x, training=False):
        return {"size": ops.tanh(self.second(x)), "kind": self.first(x)}


@pytest.fixture
def data(rng):
    y = {"kind": rng.standard_normal((8, 2)), "size": rng.standard_normal((8, 1))}
    x = rng.standard_normal((8, 4)).astype(np.float32)
    return x, {name: array.astype(np.float32) for name, array in y.items()}


@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize(
    "compiled",
    [
        {"loss": BOTH, "loss_weights": {"kind": 2.0, "size": 0.5}, "metrics": {"kind": ["mae"]}},
        {"loss": "mse", "metrics": {"size": ["mae", "mse"], "kind": "mae"}},
        {"loss": ["mse", "mae"]},
        {"loss": {"kind": "mse"}},
        {"loss": {"kind": "mse"}, "metrics": {"size": ["mae"]}},
        {"loss": [None, "mse"], "metrics": [["mae"], ["mse"]]},
    ],
)
def test_names_and_numbers_are_those_of_keras(keras, compiled, dictionary, data):
    model = two_named(dictionary)
    weights = model.get_weights()
    want = keras("tests.keras_steps.named_outputs", weights, data, compiled, dictionary)
    if isinstance(want, str):
        with pytest.raises(ValueError, match="needs the keys"):
            model.compile(optimizers.SGD(0.1), **compiled)
        return
    model.compile(optimizers.SGD(0.1), **compiled)
    history = model.fit(*data, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    logs = model.evaluate(*data, batch_size=4, verbose=0, return_dict=True)
    assert set(history) == set(want[0])
    assert set(logs) == set(want[1])
    for name, values in want[0].items():
        assert history[name] == pytest.approx(values, rel=1e-4)
    assert logs == pytest.approx(want[1], rel=1e-4)
    if dictionary:
        predicted = model.predict(data[0])
        assert list(predicted) == list(want[2])
        for name, values in want[2].items():
            np.testing.assert_allclose(predicted[name], values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", [two_named, Named, NamedByOps])
def test_all_calls_give_the_dictionary(make, data):
    model = make()
    x, y = data
    model.compile("sgd", BOTH)
    seen = model.predict(x)
    assert list(seen) == ["kind", "size"]
    assert [seen["kind"].shape, seen["size"].shape] == [(8, 2), (8, 1)]
    ways = [model(x), model(x, training=True), model.predict_on_batch(x), model.predict(x, 3)]
    ways += [model.predict(iter([x[:4], x[4:]])), copy.deepcopy(model).predict(x)]
    for way in ways:
        assert list(way) == list(seen)
        for name in seen:
            np.testing.assert_allclose(way[name], seen[name], rtol=1e-5, atol=1e-6)
    # A list of targets belongs to the keys in their order.
    by_list = model.evaluate(x, [y["kind"], y["size"]], verbose=0)
    assert by_list == model.evaluate(x, y, verbose=0)
    loss = model.train_on_batch(x, y, sample_weight={"size": np.arange(8)}, return_dict=True)
    assert list(loss) == ["loss", "kind_loss", "size_loss"]


@pytest.mark.parametrize("make", [two_named, Named, NamedByOps])
def test_parts_of_other_models_give_it_too(make, data):
    model, x = make(), Input((4,))
    outputs = model(x)
    assert list(outputs) == ["kind", "size"]
    outer = Model(x, {"sum": layers.Dense(1)(outputs["kind"]), "size": outputs["size"]})
    assert_same_bits(outer.predict(data[0])["size"], model.predict(data[0])["size"])

    class Inside(layers.Layer):
        def __init__(self):
            super().__init__()
            self.net = model

        def call(self, x):
            return self.net(x)["size"]

    assert_same_bits(Model(x, Inside()(x)).predict(data[0]), model.predict(data[0])["size"])


@pytest.mark.parametrize("make", [two_named, Named, NamedByOps])
def test_files_and_copies_keep_the_names(make, data, tmp_path):
    model, (x, y) = make(), data
    model.compile("sgd", BOTH, metrics={"size": ["mse"]})
    model.fit(x, y, verbose=0)
    path = tmp_path / "named.brasa"
    model.save(path)
    custom = {} if make is two_named else {make.__name__: make}
    for twin in (load_model(path, custom), pickle.loads(pickle.dumps(model))):
        assert_same_bits(twin.predict(x)["size"], model.predict(x)["size"])
        assert twin.evaluate(x, y, return_dict=True) == model.evaluate(x, y, return_dict=True)
    if make is two_named:
        assert Model.from_config(model.get_config()).network.output_names == ["kind", "size"]


@pytest.mark.parametrize(
    ("compiled", "message"),
    [
        ({"loss": {"kindd": "mse"}}, r"loss needs the keys.*Did you mean 'kind'\?"),
        ({"loss": "mse", "metrics": {"sizes": "mse"}}, r"no output: \['sizes'\].*mean 'size'\?"),
        ({"loss": "mse", "loss_weights": {"kind": 1}}, r"loss_weights needs the keys"),
    ],
)
def test_names_that_are_none_are_refused(compiled, message):
    with pytest.raises(ValueError, match=message):
        two_named().compile("sgd", **compiled)


def test_data_by_names_that_are_none_are_refused(data):
    model, (x, y) = two_named(), data
    model.compile("sgd", BOTH)
    with pytest.raises(ValueError, match=r"fit: y needs the keys .* got \['kind'\]"):
        model.fit(x, {"kind": y["kind"]})
    with pytest.raises(ValueError, match=r"y needs the keys .*Did you mean 'size'\?"):
        model.fit(x, {"kind": y["kind"], "sise": y["size"]})
    with pytest.raises(ValueError, match=r"sample_weight names no output.*Did you mean 'kind'\?"):
        model.fit(x, y, sample_weight={"kin": np.ones(8)})
    with pytest.raises(TypeError, match="Model: outputs must have names as keys"):
        Model(model.inputs, {1: model.output["kind"]})
    with pytest.raises(TypeError, match="Model: outputs must have names as keys"):
        Model(model.inputs, {})


class Sided(Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.left, self.right, self.out = layers.Dense(3), layers.Dense(3), layers.Dense(1)

    def call(self, inputs):
        return self.out(self.left(inputs["left"]) + self.right(inputs["right"]))

    def get_config(self):
        return {"name": self.name}


class SidedByOps(Sided):
    def call(self, inputs, training=False):
        return self.out(ops.tanh(self.left(inputs["left"]) + self.right(inputs["right"])))


@pytest.mark.parametrize("cls", [Sided, SidedByOps])
def test_a_call_takes_a_dictionary(cls, rng, tmp_path):
    x = {"right": rng.standard_normal((8, 2)), "left": rng.standard_normal((8, 4))}
    x = {name: array.astype(np.float32) for name, array in x.items()}
    model, path = cls(), tmp_path / "sided.brasa"
    model.compile("sgd", "mse")
    assert list(model.fit(x, np.ones((8, 1)), verbose=0).history) == ["loss"]
    seen = model.predict(x)
    sides = [layer.get_weights() for layer in (model.left, model.right)]
    hidden = sum(x[n] @ w + b for n, (w, b) in zip(("left", "right"), sides, strict=True))
    kernel, bias = model.out.get_weights()
    hidden = np.tanh(hidden) if cls is SidedByOps else hidden
    np.testing.assert_allclose(seen, hidden @ kernel + bias, rtol=1e-4, atol=1e-5)
    model.save(path)
    twins = [copy.deepcopy(model), load_model(path, {cls.__name__: cls})]
    a, b = Input((4,)), Input((2,))
    outer = Model([a, b], model({"right": b, "left": a}))
    built = cls()
    built.build({"left": (None, 4), "right": (None, 2)})
    built.set_weights(model.get_weights())
    ways = [twin.predict(x) for twin in (*twins, built)] + [outer.predict([x["left"], x["right"]])]
    for way in [*ways, model(x), model.predict([x["left"], x["right"]])]:
        assert_same_bits(way, seen)
    model.out = layers.Dense(2)  # another head
    assert model.predict(x).shape == cls()(x).shape[:1] + (2,)
    with pytest.raises(ValueError, match=r"x needs the keys .*Did you mean 'right'\?"):
        model.predict({"left": x["left"], "rigth": x["right"]})
