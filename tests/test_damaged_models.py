"""Model files that are damaged, foreign or from the future: one clear error, and nothing is run."""

import struct
import sys

import numpy as np
import pytest

import brasa
from brasa import FormatError, optimizers
from brasa.io import container, write_tensors
from tests.saved_models import compiled


def edited(source, target, change):
    """Copy a model file with its config changed."""
    file = container.read(source)
    change(file.config)
    container.write(target, file.config, file.tensors)
    return target


@pytest.fixture
def saved(tmp_path):
    """A model file with the state of Adam."""
    compiled("sequential").save(tmp_path / "model.brasa")
    return tmp_path / "model.brasa"


def test_the_state_of_another_optimizer_is_refused(saved, tmp_path):
    sgd = optimizers.serialize(optimizers.SGD())
    path = edited(saved, tmp_path / "x", lambda config: config["compile"].update(optimizer=sgd))
    with pytest.raises(FormatError, match=r"state of another optimizer: \['optimizer/m/"):
        brasa.load_model(path)
    momentum = optimizers.serialize(optimizers.SGD(0.1, momentum=0.5))
    edited(saved, path, lambda config: config["compile"].update(optimizer=momentum))
    with pytest.raises(FormatError, match="optimizer/velocity/conv2d/kernel is missing"):
        brasa.load_model(path)


def test_a_file_of_a_newer_version_says_so(saved, tmp_path):
    raw = saved.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = raw[8 : 8 + length].replace(b'"brasa.format":"1"', b'"brasa.format":"2"')
    assert header != raw[8 : 8 + length]
    (tmp_path / "newer").write_bytes(raw[:8] + header + raw[8 + length :])
    with pytest.raises(FormatError, match="written by a newer brasa"):
        brasa.load_model(tmp_path / "newer")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.99])
def test_a_truncated_file_is_refused(share, saved, tmp_path):
    raw = saved.read_bytes()
    (tmp_path / "cut").write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(FormatError, match="cut"):
        brasa.load_model(tmp_path / "cut")


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config["model"]["layers"].pop(1),
        lambda config: config["model"]["layers"].clear(),
        lambda config: config["model"].update(input_shape=None),
        lambda config: config["model"]["layers"][1]["config"].update(filters=-1),
        lambda config: config["model"]["layers"][1]["config"].update(filters=7),
        lambda config: config["model"]["layers"][1].update(class_name="os.system"),
        lambda config: config["model"]["layers"][1]["config"].update(surprise=1),
        lambda config: config["model"].update(layers=3),
        lambda config: config["model"].update(input_shape=[None, 6]),
        lambda config: config["model"].update(input_shape=7),
        lambda config: config["model"].pop("name"),
        lambda config: config.update(model=[]),
        lambda config: config["compile"].update(loss="sums"),
        lambda config: config["compile"].update(surprise=1),
        lambda config: config.update(compile=3),
        lambda config: config.update(training=[1]),
        lambda config: config["training"].update(iterations=-1),
        lambda config: config["training"].update(iterations="many"),
        lambda config: config["training"].update(seed=-1),
        lambda config: config["training"].update(seed=1 << 80),
        lambda config: config["training"].update(epochs_trained=None),
    ],
)
def test_a_config_that_makes_no_sense_is_a_format_error(change, saved, tmp_path):
    with pytest.raises(FormatError, match="other"):
        brasa.load_model(edited(saved, tmp_path / "other.brasa", change))


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model["calls"].pop(),
        lambda model: model["calls"][0].update(layer=99),
        lambda model: model["calls"][0].update(layer=-1),
        lambda model: model["calls"][0].update(inputs=[[5, 0]]),
        lambda model: model["calls"][0].update(inputs=[[-1, 4]]),
        lambda model: model["calls"][0].update(inputs=[]),
        lambda model: model["outputs"].append([0, 3]),
        lambda model: model.update(outputs=[]),
        lambda model: model.update(inputs=[]),
        lambda model: model.update({"class": "Ensemble"}),
    ],
)
def test_a_graph_of_layers_that_makes_no_sense_is_a_format_error(change, tmp_path):
    compiled("functional").save(tmp_path / "model.brasa")
    other = edited(
        tmp_path / "model.brasa", tmp_path / "other.brasa", lambda config: change(config["model"])
    )
    with pytest.raises(FormatError, match="other"):
        brasa.load_model(other)


def test_tensors_without_a_model_are_named_as_such(tmp_path):
    write_tensors(tmp_path / "tensors", {"w": np.zeros(3, np.float32)})
    with pytest.raises(FormatError, match="tensors without a brasa model"):
        brasa.load_model(tmp_path / "tensors")


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        brasa.load_model(tmp_path / "nothing.brasa")
    with pytest.raises(FileNotFoundError, match="folder does not exist"):
        compiled("sequential").save(tmp_path / "nowhere" / "model.brasa")


def test_a_save_that_fails_keeps_the_old_file(saved, monkeypatch):
    old = saved.read_bytes()
    model = compiled("sequential", seed=8)

    def disk_full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        model.save(saved)
    assert saved.read_bytes() == old
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_loading_never_imports_what_a_file_names(saved, tmp_path):
    names = {"class_name": "antigravity", "module": "antigravity", "config": {}}
    edited(saved, tmp_path / "x", lambda config: config["model"]["layers"].append(names))
    with pytest.raises(FormatError, match="antigravity"):
        brasa.load_model(tmp_path / "x")
    assert "antigravity" not in sys.modules
