"""Weights of Keras 3 without Keras: files that it wrote, files of brasa, and what is wrong."""

import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

import brasa
from brasa import FormatError, Sequential, layers
from brasa.layers.weighted import layers_in
from brasa.testing.assertions import assert_same_bits
from tests.keras_files.networks import NETWORKS, batch, built, shake

h5py = pytest.importorskip("h5py")

HERE = Path(__file__).parent
pytestmark = pytest.mark.filterwarnings("ignore:.*gets a mask:UserWarning")


@pytest.fixture(scope="module")
def said():
    """What Keras predicted, by the name of the network."""
    with np.load(HERE / "predictions.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("file", sorted(HERE.glob("*.keras")) + sorted(HERE.glob("*.h5")))
def test_weights_of_committed_files_predict_what_keras_predicted(file, said):
    name = file.name.partition(".")[0]
    model = built(brasa, name)
    model.load_weights(file)
    np.testing.assert_allclose(model.predict(batch(model)), said[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_written_weights_come_back(name, tmp_path):
    model, other = shake(built(brasa, name)), built(brasa, name)
    model.save_weights(tmp_path / "net.weights.h5")
    other.load_weights(tmp_path / "net.weights.h5")
    assert_same_bits(other.get_weights(), model.get_weights())


def test_the_networks_have_all_layers_of_both_libraries():
    used = set()
    for name in NETWORKS:
        for layer in built(brasa, name).layers:
            used |= {
                type(each).__name__ for each in (layer, *layers_in(vars(layer).values(), set()))
            }
            used |= {type(cell).__name__ for cell in getattr(layer, "cells", ())}
    of_brasa = {"GELU", "GetItem", "Operation", "WithMask"}
    assert set(layers.LAYERS) - used - of_brasa == {"InputLayer", "Lambda"}


def test_equal_models_give_equal_files(tmp_path):
    model = shake(built(brasa, "shared"))
    model.save_weights(tmp_path / "a.weights.h5")
    model.save_weights(tmp_path / "b.weights.h5")
    assert (tmp_path / "a.weights.h5").read_bytes() == (tmp_path / "b.weights.h5").read_bytes()


def test_layers_of_one_class_are_counted_in_their_order(tmp_path):
    model = Sequential([layers.Dense(3, input_shape=(2,), name="z"), layers.Dense(4, name="a")])
    model.save_weights(tmp_path / "x.weights.h5")
    with h5py.File(tmp_path / "x.weights.h5") as file:
        assert file["layers/dense/vars/0"].shape == (2, 3)
        assert file["layers/dense_1/vars/1"].shape == (4,)


def small(units=4):
    """Two layers."""
    hidden = layers.Dense(units, input_shape=(3,), name="hidden")
    return shake(Sequential([hidden, layers.Dense(2, name="out")], name="net"))


@pytest.fixture
def saved(tmp_path):
    """The file of ``small``."""
    small().save_weights(tmp_path / "small.weights.h5")
    return tmp_path / "small.weights.h5"


def assert_refused(model, path, message):
    """The file is refused with these words, and nothing is changed."""
    before = model.get_weights()
    with pytest.raises(FormatError, match=message):
        model.load_weights(path)
    assert_same_bits(model.get_weights(), before)


def test_another_shape_names_layer_weight_and_both_shapes(saved):
    message = (
        r"small.weights.h5 does not fit model 'net': layer 'hidden': kernel at "
        r"layers/dense/vars/0 has the shape \(3, 4\), wanted \(3, 5\)"
    )
    assert_refused(small(5), saved, message)


def test_what_is_missing_and_what_is_too_much_is_named(saved):
    with h5py.File(saved, "a") as file:
        del file["layers/dense_1/vars/1"]
        file["layers/conv2d/vars/0"] = np.zeros((1, 2), np.float32)
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, np.uint32)
        file["optimizer/vars/0"] = np.zeros((), np.int32)
    missing = r"layer 'out': bias \(2,\) is missing at layers/dense_1/vars/1"
    assert_refused(small(), saved, rf"{missing}; unexpected layers/conv2d/vars/0 \(1, 2\)$")


def test_layers_that_fit_may_be_taken_alone(saved):
    model, wanted = small(), small().get_weights()
    model.set_weights([np.zeros_like(w) for w in wanted])
    with h5py.File(saved, "a") as file:
        del file["layers/dense_1/vars/1"]
    with pytest.warns(UserWarning, match="these layers of model 'net', .*: out. They keep"):
        model.load_weights(saved, skip_mismatch=True)
    assert_same_bits(model.get_weights()[:2], wanted[:2])
    assert not any(w.any() for w in model.get_weights()[2:])


def test_one_mean_for_all_channels_is_one_number(tmp_path):
    data = np.float32([[1, 2], [3, 6]])
    model, other = (Sequential([layers.Normalization(None, input_shape=(2,))]) for _ in "ab")
    model.layers[0].adapt(data)
    model.save_weights(tmp_path / "x.weights.h5")
    with h5py.File(tmp_path / "x.weights.h5") as file:
        mean, variance, count = (file[f"layers/normalization/vars/{i}"][()] for i in range(3))
    assert (mean.shape, float(mean), float(variance), int(count)) == ((), 3.0, 3.5, 0)
    other.load_weights(tmp_path / "x.weights.h5")
    assert_same_bits(other.get_weights(), model.get_weights())


def test_nothing_that_fits_is_an_error_with_skip_mismatch_too(saved):
    model = Sequential([layers.Dense(9, input_shape=(8,))])
    with pytest.raises(FormatError, match="does not fit"):
        model.load_weights(saved, skip_mismatch=True)


def test_names_do_not_count_there(saved):
    with pytest.raises(ValueError, match="weights go by their places"):
        small().load_weights(saved, by_name=True)


def test_links_and_data_elsewhere_are_not_followed(saved, tmp_path):
    with h5py.File(saved, "a") as file:
        file["layers/soft"] = h5py.SoftLink("/layers/dense")
    assert_refused(small(), saved, "layers/soft is a link")
    outside = tmp_path / "outside.weights.h5"
    small().save_weights(outside)
    with h5py.File(outside, "a") as file:
        del file["layers/dense/vars/1"]
        place = [(str(tmp_path / "secret"), 0, 16)]
        file["layers/dense/vars"].create_dataset("1", (4,), "float32", external=place)
    (tmp_path / "secret").write_bytes(bytes(16))
    assert_refused(small(), outside, "layers/dense/vars/1 has its values in another file")


def test_values_have_to_be_numbers(saved):
    with h5py.File(saved, "a") as file:
        del file["layers/dense/vars/1"]
        file["layers/dense/vars/1"] = np.array([b"a", b"b", b"c", b"d"])
    assert_refused(small(), saved, r"layers/dense/vars/1 has the type \|S1: wanted floats")


def test_float64_and_float16_become_float32(saved):
    model = small()
    with h5py.File(saved, "a") as file:
        del file["layers/dense/vars/1"], file["layers/dense_1/vars/1"]
        file["layers/dense/vars/1"] = np.arange(4, dtype=np.float64)
        file["layers/dense_1/vars/1"] = np.array([0.5, 2], np.float16)
    model.load_weights(saved)
    np.testing.assert_array_equal(model.get_weights()[1], [0, 1, 2, 3])
    np.testing.assert_array_equal(model.get_weights()[3], [0.5, 2])


def test_a_shape_without_values_takes_no_memory(saved):
    with h5py.File(saved, "a") as file:
        file["layers/dense_9/vars"] = h5py.Empty("f")
        file["layers/huge"] = h5py.Empty("f")
        file.create_dataset("layers/bomb/vars/0", (1 << 40,), "float32", chunks=(1024,))
    assert_refused(small(), saved, "unexpected layers/bomb/vars/0")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_refused(share, saved):
    raw = saved.read_bytes()
    saved.write_bytes(raw[: int(len(raw) * share)])
    assert_refused(small(), saved, "small.weights.h5")


def test_files_of_keras_2_are_refused_by_name(tmp_path):
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["layer_names"] = ["dense"]
    assert_refused(small(), tmp_path / "old.h5", "an HDF5 file of Keras 2")


def archived(path, **contents):
    """A zip archive with these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name.replace("__", "."), content)
    return path


def test_archives_without_weights_or_with_damages_are_refused(tmp_path):
    path = archived(tmp_path / "x.keras", config__json="{}")
    assert_refused(small(), path, "has no model.weights.h5: not written by Keras 3")
    path = archived(path, model__weights__h5=b"nothing")
    assert_refused(small(), path, "no HDF5 file, or damaged")
    path.write_bytes(path.read_bytes()[:-30])
    assert_refused(small(), path, "the zip archive is damaged")


def test_an_archive_that_would_fill_the_memory_is_refused(tmp_path):
    path = archived(tmp_path / "bomb.keras", model__weights__h5=bytes(80 << 20))
    assert path.stat().st_size < 1 << 20
    assert_refused(small(), path, "refused, as an archive that is made to fill the memory")


@pytest.mark.parametrize("name", ["net.h5", "net.hdf5", "net.keras", "weights.h5"])
def test_other_endings_of_keras_are_refused_for_weights(name, tmp_path):
    with pytest.raises(ValueError, match=r"path must end in '\.weights\.h5' for"):
        small().save_weights(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_without_h5py_the_extra_is_named(saved, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    for run in (small().load_weights, small().save_weights):
        with pytest.raises(ImportError, match=r"needs h5py: pip install 'brasa\[keras\]'"):
            run(saved)


def test_a_file_of_brasa_is_read_whatever_its_name(tmp_path):
    model = small()
    model.save_weights(tmp_path / "x.brasa")
    (tmp_path / "x.brasa").rename(tmp_path / "x.keras")
    other = small()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other.load_weights(tmp_path / "x.keras")
    assert_same_bits(other.get_weights(), model.get_weights())
