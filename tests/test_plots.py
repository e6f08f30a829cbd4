"""Pictures: what they show, that they are saved whole, and what happens without matplotlib."""

import builtins
import io
import math
import sys

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from brasa.plots import confusion_matrix, training_curves

HISTORY = {
    "loss": [0.9, 0.5, 0.4],
    "accuracy": [0.5, 0.7, 0.8],
    "val_loss": [1.0, 0.7, 0.6],
    "val_accuracy": [0.4, 0.6, 0.7],
}


def size(content):
    """Width and height of a PNG, which must be complete."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert content[-8:-4] == b"IEND"
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def test_curves_show_training_and_validation_in_one_panel_each(tmp_path):
    path = tmp_path / "curves.png"
    figure = training_curves(HISTORY, path)
    assert size(path.read_bytes()) == (1248, 468)
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
    for axes, name in zip(figure.axes, ("loss", "accuracy"), strict=True):
        lines = axes.get_lines()
        assert [line.get_ydata().tolist() for line in lines] == [
            HISTORY[name],
            HISTORY[f"val_{name}"],
        ]
        assert [line.get_xdata().tolist() for line in lines] == [[1, 2, 3]] * 2
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert labels[0] == f"training, last {HISTORY[name][-1]:.4f}"
        assert labels[1].startswith("validation, last")


@pytest.mark.parametrize(
    "history",
    [
        {"loss": [0.5]},
        {"loss": [math.nan, math.inf]},
        {"loss": [1.0, math.nan, 0.5], "val_loss": [0.7]},
        {"val_loss": [0.7, 0.6]},
        {"loss": [0.5] * 1000},
        {f"metric_{i}": [0.1, 0.2] for i in range(7)},
        {"loss": [np.float32(0.5)], "empty": []},
    ],
    ids=["one epoch", "not finite", "late", "validation only", "long", "many", "numpy"],
)
def test_unusual_histories_are_drawn(history, tmp_path):
    training_curves(history, tmp_path / "curves.png")
    assert min(size((tmp_path / "curves.png").read_bytes())) > 300


def test_late_validation_belongs_to_the_last_epochs():
    figure = training_curves({"loss": [3, 2, 1], "val_loss": [5]}, epochs=[4, 5, 6])
    assert [line.get_xdata().tolist() for line in figure.axes[0].get_lines()] == [[5, 6, 7], [7]]


@pytest.mark.parametrize("history", [{}, {"loss": []}])
def test_history_without_epochs_is_refused(history):
    with pytest.raises(ValueError, match="training_curves: history holds no values"):
        training_curves(history)


@pytest.mark.parametrize("classes", [1, 2, 10, 43])
def test_matrix_shows_counts_and_shares(classes, tmp_path):
    counts = np.arange(classes * classes).reshape(classes, classes)
    names = [f"class number {i}" for i in range(classes)]
    figure = confusion_matrix(counts, tmp_path / "matrix.png", names)
    width, height = size((tmp_path / "matrix.png").read_bytes())
    assert width > height > 400
    axes = figure.axes[0]
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    for (i, j), count in np.ndenumerate(counts):
        assert texts.get((j, i), "0") == str(count)
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    shares = axes.get_images()[0].get_array()
    np.testing.assert_allclose(shares.sum(axis=1), (counts.sum(axis=1) > 0).astype(float))


def test_long_names_and_large_counts_are_shortened():
    figure = confusion_matrix([[123_456, 0], [1, 2]], names=["x" * 100, "y"])
    assert figure.axes[0].get_yticklabels()[0].get_text() == "x" * 25 + "..."
    assert figure.axes[0].texts[0].get_text() == "123k"


@pytest.mark.parametrize(
    ("counts", "names", "error", "message"),
    [
        ([1, 2], None, ValueError, r"must have the shape \(C, C\), got \(2,\)"),
        ([[1, 2]], None, ValueError, "must have the shape"),
        (np.zeros((0, 0), int), None, ValueError, "must have the shape"),
        ([[0.5]], None, TypeError, "must be integers, got float64"),
        ([[-1]], None, ValueError, "must be >= 0, got -1"),
        ([[1, 0], [0, 1]], ["a"], ValueError, "counts has 2 classes, names has 1"),
    ],
)
def test_bad_matrix_is_refused(counts, names, error, message):
    with pytest.raises(error, match=f"confusion_matrix: .*{message}"):
        confusion_matrix(counts, names=names)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "PNG"])
def test_ending_tells_the_format(ending, tmp_path):
    path = tmp_path / f"curves.{ending}"
    training_curves(HISTORY, path)
    magic = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending.lower()]
    assert path.read_bytes().startswith(magic)


def test_other_ending_and_missing_folder_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"training_curves: path must end in .png, .svg or .pdf"):
        training_curves(HISTORY, tmp_path / "curves.bmp")
    with pytest.raises(FileNotFoundError, match="folder does not exist"):
        training_curves(HISTORY, tmp_path / "nowhere" / "curves.png")


def test_no_window_system_and_no_global_state_is_used():
    sys.modules.pop("matplotlib.pyplot", None)  # another test may have loaded it
    training_curves(HISTORY)
    confusion_matrix([[1]])
    assert "matplotlib.pyplot" not in sys.modules


def test_figure_can_be_saved_again():
    picture = io.BytesIO()
    training_curves(HISTORY).savefig(picture)
    size(picture.getvalue())


def test_missing_matplotlib_names_the_extra(monkeypatch):
    original = builtins.__import__

    def refuse(name, *arguments, **options):
        if name.partition(".")[0] == "matplotlib":
            raise ImportError(name)
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    wanted = r"^brasa: plotting needs matplotlib: pip install 'brasa\[plot\]'$"
    with pytest.raises(ImportError, match=wanted):
        training_curves(HISTORY)
    with pytest.raises(ImportError, match=wanted):
        confusion_matrix([[1]])
