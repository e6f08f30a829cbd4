"""Whole models of Keras 3 without Keras: files that it wrote, and what is wrong with others."""

import copy
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import brasa
from brasa import FormatError
from tests.keras_files.networks import batch

h5py = pytest.importorskip("h5py")

HERE = Path(__file__).parent
FILES = ("image_stack", "masked", "nested")


def contents(name):
    """The config and the weights of a committed file."""
    with zipfile.ZipFile(HERE / f"{name}.keras") as archive:
        return json.loads(archive.read("config.json")), archive.read("model.weights.h5")


def edited(path, name, change):
    """A committed file with its config changed."""
    config, weights = contents(name)
    changed = copy.deepcopy(config)
    change(changed)
    assert changed != config
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(changed))
        archive.writestr("model.weights.h5", weights)
    return path


@pytest.mark.parametrize("name", FILES)
def test_committed_files_predict_what_keras_predicted(name):
    model = brasa.load_model(HERE / f"{name}.keras")
    with np.load(HERE / "predictions.npz") as said:
        np.testing.assert_allclose(model.predict(batch(model)), said[name], rtol=1e-5, atol=1e-5)
    assert model.metrics_names == ["loss", "mae"]
    assert model.optimizer.learning_rate == pytest.approx(0.01)
    x = batch(model)
    model.fit(x, np.zeros_like(model.predict(x)), verbose=0)  # it trains


def with_weights(path, name, change):
    """A committed file with its arrays changed."""
    config, weights = contents(name)
    data = io.BytesIO(weights)
    with h5py.File(data, "a") as file:
        change(file)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", data.getvalue())
    return path


def test_the_state_of_the_optimizer_comes_too():
    model = brasa.load_model(HERE / "image_stack.keras")
    assert model.optimizer.iterations == 1
    store, first = model.store, model.trainable_weights[0]
    m, v = (store.view(store.slots[slot], first) for slot in ("m", "v"))
    # After one step m is 0.1 g, and v 0.001 g^2.
    np.testing.assert_allclose(v, 0.001 * (m / 0.1) ** 2, rtol=1e-4)
    assert m.any()


def _other(name, value):
    def change(file):
        del file[name]
        if value is not None:
            file[name] = value

    return change


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("optimizer/vars/3", None, "arrays in optimizer/vars, wanted"),
        ("optimizer/vars/3", np.zeros(7), r"optimizer/vars/3 must have the shape .* got \(7,\)"),
        ("optimizer/vars/0", np.int32(-1), "must be the number of steps, got -1"),
        ("optimizer/vars/0", np.float32("nan"), "must be the number of steps, got nan"),
    ],
)
def test_another_state_is_left_out_with_a_warning(name, value, message, tmp_path):
    path = with_weights(tmp_path / "x.keras", "nested", _other(name, value))
    with pytest.warns(UserWarning, match=f"the state of the optimizer is left out.*{message}"):
        model = brasa.load_model(path)
    assert model.optimizer.iterations == 0


def test_a_model_may_be_loaded_without_being_compiled():
    assert brasa.load_model(HERE / "nested.keras", compile=False).objective is None


def test_what_was_loaded_goes_into_files_of_brasa(tmp_path):
    model = brasa.load_model(HERE / "masked.keras")
    model.save(tmp_path / "x.brasa")
    again = brasa.load_model(tmp_path / "x.brasa")
    np.testing.assert_array_equal(again.predict(batch(model)), model.predict(batch(model)))


def layer(index, **arguments):
    """A change of the arguments of a layer."""
    return lambda config: config["config"]["layers"][index]["config"].update(arguments)


def entry(index, **items):
    """A change of the entry of a layer."""
    return lambda config: config["config"]["layers"][index].update(items)


HALF = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}
CODE = {"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": None}}

REFUSED = {
    "class": ("image_stack", entry(3, class_name="Conv9D"), "'conv2d' of class Conv9D: .*Conv9D"),
    "argument": ("image_stack", layer(3, strange=1), "'conv2d' of class Conv2D: .*'strange'"),
    "value": ("image_stack", layer(3, filters=0), "'conv2d' of class Conv2D: .*filters"),
    "layout": (
        "image_stack",
        layer(3, data_format="channels_first"),
        "'conv2d' of class Conv2D: .*data_format",
    ),
    "policy": ("image_stack", layer(3, dtype=HALF), "dtype must be 'float32'.*'mixed_float16'"),
    "code": (
        "image_stack",
        entry(1, class_name="Lambda", config={"name": "l", "function": CODE}),
        "'l' of class Lambda: the file holds a function as code, which is never run",
    ),
    "function": (
        "image_stack",
        entry(1, class_name="Lambda", config={"name": "l", "function": "os.system"}),
        "the function 'os.system' is not here: give custom_objects",
    ),
    "module": ("image_stack", entry(1, class_name="system", module="os"), "of class system"),
    "initializer": (
        "image_stack",
        layer(3, kernel_initializer={"class_name": "STFT", "config": {}}),
        "'conv2d' of class Conv2D: .*STFT",
    ),
    "no layers": ("image_stack", lambda c: c["config"].update(layers=3), "no list of layers"),
    "no object": ("image_stack", entry(1, config=3), "dictionary with class_name and config"),
    "no shape": ("image_stack", layer(0, batch_shape=3), "batch_shape is 3"),
    "sparse": ("image_stack", layer(0, sparse=True), "of class InputLayer: sparse=True"),
    "no model": ("image_stack", lambda c: c.update(c["config"]["layers"][3]), "holds no model"),
    "circle": (
        "nested",
        lambda c: c["config"]["layers"][1].update(
            inbound_nodes=copy.deepcopy(c["config"]["layers"][3]["inbound_nodes"])
        ),
        "nothing leads to the layers",
    ),
    "output": (
        "nested",
        lambda c: c["config"].update(output_layers=["nobody", 0, 0]),
        "there is no output of a layer nobody",
    ),
    "op": (
        "masked",
        lambda c: [
            e["inbound_nodes"].__setitem__(0, {"args": [_any(c)], "kwargs": {}})
            for e in c["config"]["layers"]
            if e["class_name"] == "LSTM"
        ],
        "of class Any: an op of Keras for which there is no layer here",
    ),
}


def _any(config):
    """The tensor of the mask."""
    uses = [e["inbound_nodes"] for e in config["config"]["layers"] if e["class_name"] == "LSTM"]
    return copy.deepcopy(uses[0][0]["kwargs"]["mask"])


@pytest.mark.parametrize("name", REFUSED)
def test_what_brasa_does_not_have_is_named(name, tmp_path):
    file, change, message = REFUSED[name]
    path = edited(tmp_path / "x.keras", file, change)
    with pytest.raises(FormatError, match=rf"x\.keras.*{message}"):
        brasa.load_model(path)


def test_own_classes_come_by_custom_objects(tmp_path):
    class Doubled(brasa.layers.Layer):
        def call(self, x):
            return x + x

    own = {
        "module": "mine",
        "class_name": "Doubled",
        "config": {"name": "twice", "dtype": "float32"},
        "registered_name": "mine>Doubled",
    }
    path = edited(tmp_path / "x.keras", "image_stack", lambda c: c["config"]["layers"].append(own))
    with pytest.raises(FormatError, match="'twice' of class Doubled"):
        brasa.load_model(path)
    plain = brasa.load_model(HERE / "image_stack.keras")
    twice = brasa.load_model(path, custom_objects={"Doubled": Doubled}, compile=False)
    x = batch(plain)
    np.testing.assert_array_equal(twice.predict(x), 2 * plain.predict(x))


def test_metrics_that_brasa_does_not_have_are_left_out(tmp_path):
    strange = {"class_name": "Strange", "config": {"name": "strange"}}
    path = edited(
        tmp_path / "x.keras",
        "nested",
        lambda c: c["compile_config"].update(metrics=["mae", strange]),
    )
    with pytest.warns(UserWarning, match="these metrics are left out: .*Strange"):
        model = brasa.load_model(path)
    assert model.metrics_names == ["loss", "mae"]


@pytest.mark.parametrize("key", ["optimizer", "loss"])
def test_without_its_optimizer_or_loss_a_model_is_not_compiled(key, tmp_path):
    strange = {"class_name": "Strange", "config": {}}
    path = edited(
        tmp_path / "x.keras", "nested", lambda c: c["compile_config"].update({key: strange})
    )
    with pytest.warns(UserWarning, match=r"loaded without being compiled: .*Strange"):
        model = brasa.load_model(path)
    assert model.objective is None


@pytest.mark.parametrize("text", ["", "[]", "3", "{", '"x"', "[" * 100_000, "{}"])
def test_a_config_that_is_none_is_refused(text, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.keras", "w") as archive:
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(FormatError, match=r"x\.keras"):
        brasa.load_model(tmp_path / "x.keras")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(share, tmp_path):
    raw = (HERE / "nested.keras").read_bytes()
    (tmp_path / "x.keras").write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(FormatError, match=r"x\.keras"):
        brasa.load_model(tmp_path / "x.keras")


def test_weights_alone_are_no_model():
    with pytest.raises(FormatError, match=r"build the model, then model\.load_weights"):
        brasa.load_model(HERE / "shared.weights.h5")
