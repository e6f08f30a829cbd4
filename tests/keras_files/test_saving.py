"""Models as ``.keras`` files without Keras: they come back, or an error says what Keras lacks."""

import io
import json
import zipfile

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, layers, optimizers
from brasa.testing.assertions import assert_same_bits
from tests.keras_files.networks import NETWORKS, batch, built, shake

h5py = pytest.importorskip("h5py")

pytestmark = pytest.mark.filterwarnings("ignore:.*gets a mask:UserWarning")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_model_comes_back(name, tmp_path):
    model = shake(built(brasa, name))
    model.compile(optimizers.RMSprop(0.02), "mse", metrics=["mae"])
    model.save(tmp_path / "net.keras")
    again = brasa.load_model(tmp_path / "net.keras")
    assert again.name == model.name
    assert again.metrics_names == model.metrics_names
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert_same_bits(again.get_weights(), model.get_weights())
    said, wanted = again.predict(batch(model)), model.predict(batch(model))
    assert_same_bits(*(x if isinstance(x, list) else [x] for x in (said, wanted)))


def test_the_archive_has_keras_3s_members_and_no_date(tmp_path):
    model = shake(built(brasa, "shared"))
    for name in ("a.keras", "b.keras"):
        model.save(tmp_path / name)
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        config = json.loads(archive.read("config.json"))
    assert (config["module"], config["class_name"]) == ("keras.src.models.functional", "Functional")
    kernel = config["config"]["layers"][2]
    assert kernel["class_name"] == "Dense"
    assert kernel["config"]["kernel_initializer"]["module"] == "keras.initializers"
    assert len(kernel["inbound_nodes"]) == 2  # it is used twice


def test_nested_models_are_written_as_their_layers_and_weights_find_home(tmp_path):
    model = shake(built(brasa, "nested"))
    model.save(tmp_path / "net.keras")
    other = built(brasa, "nested")
    other.load_weights(tmp_path / "net.keras")
    assert_same_bits(other.get_weights(), model.get_weights())


class Doubled(layers.Layer):
    """A layer that Keras does not have."""

    def call(self, x):
        return x + x


class Halves(brasa.initializers.Initializer):
    """An initializer that Keras does not have."""

    def values(self, shape, rng):
        return np.full(shape, 0.5)


class Net(Model):
    """A model with a call of its own."""

    def __init__(self):
        super().__init__()
        self.out = layers.Dense(1)

    def call(self, x):
        return brasa.ops.square(self.out(x))


class Stepping(Sequential):
    """A model with steps of its own."""

    def train_step(self, data):
        return {"loss": 0.0}


def net_with_call():
    """The model, which knows its input."""
    net = Net()
    net.build((None, 2))
    return net


OWN = {
    "layer": (
        lambda: Sequential([Doubled(input_shape=(2,), name="twice")]),
        "layer 'twice' of class Doubled: Keras has no such layer",
    ),
    "GELU": (
        lambda: Sequential([layers.GELU(input_shape=(2,), name="g")]),
        "layer 'g' of class GELU: Keras has no such layer",
    ),
    "Lambda": (
        lambda: Sequential([layers.Lambda(brasa.ops.square, input_shape=(2,), name="l")]),
        "layer 'l' of class Lambda: Keras has no such layer",
    ),
    "Operation": (
        lambda: Sequential([layers.Operation("ops.square", input_shape=(2,), name="o")]),
        "layer 'o' of class Operation: Keras has no such layer",
    ),
    "steps": (
        lambda: Stepping([layers.Dense(1, input_shape=(2,))]),
        "does not have its class Stepping",
    ),
    "call": (net_with_call, "Save the model to a '.brasa' file"),
}


@pytest.mark.parametrize("name", OWN)
def test_what_keras_does_not_have_is_named_and_nothing_is_written(name, tmp_path):
    make, message = OWN[name]
    with pytest.raises(ValueError, match=rf"save: model .*{message}"):
        make().save(tmp_path / "net.keras")
    assert not list(tmp_path.iterdir())


def test_a_model_without_an_input_shape_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="does not know its input shape yet"):
        Sequential([layers.Dense(2)]).save(tmp_path / "net.keras")


@pytest.mark.parametrize("name", ["net.h5", "net.H5", "net.hdf5"])
def test_keras_2s_endings_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match=r"path must end in '\.keras' for Keras, or in '\.brasa'"):
        built(brasa, "shared").save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_metrics_of_ones_own_are_left_out_with_a_warning(tmp_path):
    def strange(y_true, y_pred):
        return brasa.ops.mean(y_pred, axis=-1)

    model = built(brasa, "shared")
    model.compile("adam", "mse", metrics=["mae", strange])
    with pytest.warns(UserWarning, match="this is left out: metric 'strange'"):
        model.save(tmp_path / "net.keras")
    assert brasa.load_model(tmp_path / "net.keras").metrics_names == ["loss", "mae"]


def test_with_a_loss_of_ones_own_the_model_is_written_without_any(tmp_path):
    def strange(y_true, y_pred):
        return brasa.ops.mean(y_pred, axis=-1)

    model = built(brasa, "shared")
    model.compile("adam", strange)
    with pytest.warns(UserWarning, match="written without what it was compiled with: Keras has no"):
        model.save(tmp_path / "net.keras")
    assert brasa.load_model(tmp_path / "net.keras").objective is None


def test_several_losses_weights_and_a_schedule_come_back(tmp_path):
    x = Input((3,))
    model = Model(x, {"a": layers.Dense(2)(x), "b": layers.Dense(1)(x)})
    rate = optimizers.schedules.CosineDecay(0.1, 20)
    model.compile(
        optimizers.AdamW(rate, weight_decay=0.01, clipnorm=1.0),
        {"a": brasa.losses.Huber(0.5), "b": "mae"},
        loss_weights={"a": 0.25, "b": 2.0},
        metrics={"b": ["mse"]},
    )
    model.save(tmp_path / "net.keras")
    again = brasa.load_model(tmp_path / "net.keras")
    assert again.metrics_names == model.metrics_names
    assert again.optimizer.get_config() == model.optimizer.get_config()
    data = np.ones((4, 3), np.float32)
    y = {"a": np.zeros((4, 2), np.float32), "b": np.zeros((4, 1), np.float32)}
    assert again.evaluate(data, y, verbose=0) == model.evaluate(data, y, verbose=0)


@pytest.mark.parametrize("name", ["sgd", "adam", "rmsprop", "lion"])
def test_training_goes_on_from_the_file(name, tmp_path):
    model = shake(built(brasa, "shared"))
    model.compile(name, "mse")
    x, y = batch(model), np.zeros((3, 1), np.float32)
    for _ in range(3):
        model.train_on_batch(x, y)
    model.save(tmp_path / "net.keras")
    again = brasa.load_model(tmp_path / "net.keras")
    assert again.optimizer.iterations == 3
    for each in (model, again):
        each.train_on_batch(x, y)
    assert_same_bits(again.get_weights(), model.get_weights())


def test_what_nadam_keeps_is_not_written(tmp_path):
    model = built(brasa, "shared")
    model.compile("nadam", "mse")
    model.train_on_batch(batch(model), np.zeros((3, 1), np.float32))
    model.save(tmp_path / "net.keras")
    again = brasa.load_model(tmp_path / "net.keras", compile=False)
    assert_same_bits(again.get_weights(), model.get_weights())
    with zipfile.ZipFile(tmp_path / "net.keras") as archive:
        data = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(data) as file:
        assert list(file) == ["layers"]
