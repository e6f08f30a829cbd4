"""Folders of texts as batches: what Keras makes of the same folders, and what is in the way."""

import pickle

import numpy as np
import pytest

from brasa import FormatError, Sequential, layers, losses, utils
from tests import with_keras

CLASSES = ["good", "bad", "odd"]


@pytest.fixture
def folder(tmp_path):
    """3 classes of 4, 5 and 6 texts, some of them deeper, and files that are none."""
    for label, name in enumerate(CLASSES):
        (tmp_path / name / "more").mkdir(parents=True)
        for i in range(4 + label):
            place = tmp_path / name / "more" if i % 3 == 1 else tmp_path / name
            (place / f"{i}.txt").write_text(f"{name} číslo {i}", encoding="utf-8")
        (tmp_path / name / "table.csv").write_text("1,2")
    return tmp_path


def read(folder, **options):
    return utils.text_dataset_from_directory(folder, **{"verbose": False, **options})


def test_texts_and_classes_by_name(folder, capsys):
    data = read(folder, shuffle=False, verbose=True, batch_size=4)
    assert capsys.readouterr().out == "15 files of 3 classes\n"
    assert data.class_names == sorted(CLASSES)
    assert len(data) == 4
    x = np.concatenate([data[i][0] for i in range(4)])
    y = np.concatenate([data[i][1] for i in range(4)])
    assert (x.dtype, y.dtype) == (object, np.int32)
    assert x[:2].tolist() == ["bad číslo 0", "bad číslo 2"]
    assert [text.split()[0] for text in x] == [data.class_names[label] for label in y]


@pytest.mark.parametrize("seed", [0, 7])
def test_files_and_splits_are_those_of_keras(folder, seed):
    with_keras.keras()
    keras = pytest.importorskip("keras.src.utils.dataset_utils")
    paths, labels, names = keras.index_directory(
        str(folder), "inferred", formats=(".txt",), shuffle=True, seed=seed, verbose=False
    )
    both = read(folder, seed=seed, validation_split=0.3, subset="both")
    for data, part in zip(both, ("training", "validation"), strict=True):
        own = keras.get_training_or_validation_split(paths, labels, 0.3, part)
        assert data.class_names == names
        assert data.file_paths == list(own[0])
        assert data.labels.tolist() == list(own[1])


def test_max_length_counts_characters(folder):
    x, _ = read(folder, shuffle=False, max_length=6)[0]
    assert x[0] == "bad čí"


def test_batches_go_to_other_processes(folder):
    data = read(folder, seed=1)
    twin = pickle.loads(pickle.dumps(data))
    for own, other in zip(data[0], twin[0], strict=True):
        np.testing.assert_array_equal(own, other)


def test_label_modes(folder):
    assert read(folder, label_mode="categorical")[0][1].shape == (15, 3)
    pair = read(folder, label_mode="binary", class_names=["odd", "bad"])
    assert pair[0][1].shape == (11, 1)
    alone = read(folder, labels=None, shuffle=False)
    assert alone[0].shape == (15,)
    assert alone.map(len)[0] == 15


def test_map_trains_a_model_in_another_order_each_epoch(folder):
    seen = []

    def numbers(x, y):
        seen.append([*x])
        return np.array([[len(text), text[0] == "g"] for text in x], np.float32), y

    data = read(folder, batch_size=15, seed=3).map(numbers)
    model = Sequential([layers.Dense(3)])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(data, epochs=2, verbose=0)
    epochs = [list(order) for order in dict.fromkeys(map(tuple, seen))]
    assert len(epochs) == 2
    assert sorted(epochs[0]) == sorted(epochs[1])


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"label_mode": "float"}, ValueError, "label_mode must be one of 'int'"),
        ({"batch_size": 0}, ValueError, "batch_size must be >= 1, got 0"),
        ({"max_length": 0}, ValueError, "max_length must be >= 1, got 0"),
        ({"max_length": 1.5}, TypeError, "max_length"),
        ({"seed": -1}, ValueError, r"seed must be >= 0 and below 2\*\*32, got -1"),
        ({"subset": "training"}, ValueError, "subset also wants validation_split"),
        ({"label_mode": "binary"}, ValueError, "is for 2 classes, got 3"),
    ],
)
def test_bad_arguments(folder, options, error, match):
    with pytest.raises(error, match=f"text_dataset_from_directory: .*{match}"):
        read(folder, **options)


def test_no_texts_and_no_text(folder, tmp_path):
    (folder / "good" / "0.txt").write_bytes(b"\xff\xfe\x00")
    data = read(folder, class_names=["good"])
    with pytest.raises(FormatError, match=r"text_dataset_from_directory: '.*0\.txt' is not UTF-8"):
        data[0]
    with pytest.raises(TypeError, match=r"TextBatches.map: function must be one, got 3"):
        data.map(3)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"no files in .* end in \.txt"):
        read(tmp_path / "empty", labels=None)
