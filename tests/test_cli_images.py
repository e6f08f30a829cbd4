"""``brasa train``, ``evaluate`` and ``predict`` for networks of images."""

import csv
import dataclasses
import importlib.util
import re
import subprocess
import sys

import numpy as np
import pytest

import brasa
from brasa import Sequential, initializers, layers
from brasa.cli import main
from brasa.cli.data import DATA
from brasa.cli.predict import load_image, white_of
from brasa.cli.train import _NETWORKS

PILLOW = importlib.util.find_spec("PIL") is not None
MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder that one epoch on the digits wrote, and what was printed."""
    folder = tmp_path_factory.mktemp("run") / "lenet"
    arguments = ["train", "lenet", "--epochs", "1", "--batch-size", "64", "--seed", "3"]
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "brasa",
            *arguments,
            "--learning-rate",
            "0.01",
            "--out",
            str(folder),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return folder, result.stdout


def test_training_writes_model_history_and_pictures(trained):
    folder, text = trained
    names = {"model.brasa", "history.csv"} | (
        {"curves.png", "confusion.png"} if MATPLOTLIB else set()
    )
    assert {path.name for path in folder.iterdir()} == names
    with (folder / "history.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["val_accuracy"]) > 0.5
    model = brasa.load_model(folder / "model.brasa")
    assert model.optimizer.learning_rate == 0.01
    assert model.optimizer.iterations == 23
    assert model.layers[0].scale == 1 / 16
    assert f"test accuracy {float(row['val_accuracy']):.4f}" in text
    assert "digits: 1,438 training and 359 test images" in text
    assert len(re.findall(r"^ +[0-9] +3[0-9] +\d+ +[01]\.\d{3}$", text, re.MULTILINE)) == 10


def test_a_trained_model_is_evaluated(trained, capsys):
    folder, _ = trained
    assert main(["evaluate", str(folder / "model.brasa")]) == 0
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines())
    with (folder / "history.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert abs(float(printed["accuracy"]) - float(row["val_accuracy"])) < 1e-4
    assert abs(float(printed["loss"]) - float(row["val_loss"])) < 1e-3


@pytest.fixture
def picture(tmp_path):
    """A test digit, white on black, in a PNG; and its pixels."""
    pytest.importorskip("PIL")
    from PIL import Image

    (_, _), (x, _) = brasa.datasets.load_digits()
    pixels = np.rint(x[0, :, :, 0] * (255 / 16)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "digit.png")
    return tmp_path / "digit.png", x[0]


def test_an_image_file_is_classified(trained, picture, capsys):
    folder, _ = trained
    path, x = picture
    assert main(["predict", str(folder / "model.brasa"), str(path), "--top", "2"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    probabilities = brasa.load_model(folder / "model.brasa").predict(x[None])[0]
    best = np.argsort(-probabilities)[:2]
    assert [int(row[0]) for row in rows] == best.tolist()
    assert np.abs(np.array([float(row[1]) for row in rows]) - probabilities[best]).max() < 1e-4


def test_an_image_is_brought_to_the_models_size_and_range(picture):
    path, x = picture
    pixels = load_image(str(path), (8, 8, 1), 16, invert=False)
    assert (pixels.shape, pixels.dtype) == ((8, 8, 1), np.uint8)
    assert (pixels == x).all()
    assert (load_image(str(path), (8, 8, 1), 16, invert=True) == 16 - x).all()
    assert load_image(str(path), (5, 9, 3), 255, invert=False).shape == (5, 9, 3)


def test_the_white_of_a_model_is_that_of_its_rescaling():
    plain = Sequential([layers.Flatten(input_shape=(8, 8, 1))])
    scaled = Sequential([layers.Rescaling(1 / 16, input_shape=(8, 8, 1)), layers.Flatten()])
    assert [white_of(plain), white_of(scaled)] == [255, 16]


@pytest.mark.skipif(not PILLOW, reason="Pillow is not installed")
def test_what_is_no_image_or_fits_no_model_is_one_line(trained, tmp_path, capsys):
    folder, _ = trained
    (tmp_path / "text.png").write_text("no image")
    model = str(folder / "model.brasa")
    for arguments, words in (
        (["predict", model, str(tmp_path / "text.png")], "text.png is no image"),
        (["predict", model, str(tmp_path / "nothing.png")], "No such file"),
        (["predict", str(tmp_path / "text.png"), model], "text.png"),
        (["evaluate", str(tmp_path / "nothing.brasa")], "there is no such file"),
    ):
        assert main(arguments) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("brasa: ")
        assert words in captured.err
        assert len(captured.err.splitlines()) == 1


def test_the_networks_of_the_command_line_take_the_images_of_every_data_set(monkeypatch, tmp_path):
    """On a few images of every shape that there is, from weights that need no random numbers."""
    for cls in (initializers.HeNormal, initializers.GlorotUniform):
        monkeypatch.setattr(cls, "values", lambda self, shape: np.zeros(shape, np.float32))
    random = np.random.default_rng(0)
    seen = []

    def few(shape):
        x, y = random.integers(0, 256, (10, *shape), np.uint8), np.arange(10, dtype=np.uint8)
        return lambda: ((x, y), (x, y))

    monkeypatch.setattr("brasa.Model.fit", lambda self, x, *_, **__: stop(seen, self, x))
    for data, shape in (("digits", (8, 8, 1)), ("mnist", (28, 28, 1)), ("cifar10", (32, 32, 3))):
        monkeypatch.setitem(DATA, data, dataclasses.replace(DATA[data], load=few(shape)))
        for network in _NETWORKS if data != "cifar10" else ["resnet20"]:
            command = ["train", network, "--data", data, "--out", str(tmp_path)]
            assert main(command) == 130
    assert len(seen) == 2 * len(_NETWORKS) + 1
    assert all(shape == (None, 10) for shape in seen)


def stop(seen, model, x):
    """In place of fit."""
    assert white_of(model) in (16, 255)
    assert model.input_shape[1:] == x.shape[1:]
    seen.append(model.output_shape)
    raise KeyboardInterrupt


def test_classes_have_the_names_of_the_data_sets():
    assert DATA["cifar10"].classes == brasa.datasets.CIFAR10_CLASSES


def test_a_residual_network_trains_from_the_command_line(tmp_path, capsys):
    command = ["train", "resnet20", "--epochs", "1", "--batch-size", "64", "--out", str(tmp_path)]
    assert main(command) == 0
    assert "test accuracy" in capsys.readouterr().out
    assert main(["evaluate", str(tmp_path / "model.brasa")]) == 0
    assert float(capsys.readouterr().out.split()[-1]) > 0.5


def test_augment_shifts_images_and_mirrors_pictures(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr("brasa.Model.fit", lambda self, *_, **__: seen.append(self) or 1 / 0)
    for data, shape in (("cifar10", (32, 32, 3)), ("digits", (8, 8, 1))):
        images = np.zeros((10, *shape), np.uint8), np.arange(10, dtype=np.uint8)
        choice = dataclasses.replace(DATA[data], load=lambda images=images: (images, images))
        monkeypatch.setitem(DATA, data, choice)
        for more in ([], ["--augment"]):
            with pytest.raises(ZeroDivisionError):
                main(["train", "lenet", "--data", data, "--out", str(tmp_path), *more])
    plain, picture, _, digit = ([layer.get_config() for layer in m.layers] for m in seen)
    recipe = seen[1].layers[1:4]
    assert [type(layer).__name__ for layer in recipe] == [
        "ZeroPadding2D",
        "RandomCrop",
        "RandomFlip",
    ]
    assert recipe[0].sides == ((4, 4), (4, 4))
    assert (recipe[1].height, recipe[1].width, recipe[2].mode) == (32, 32, "horizontal")
    assert picture[:1] + picture[4:] == plain
    assert [layer["name"] for layer in digit[1:4]] == ["zero_padding2d", "random_crop", "conv2d"]
    assert white_of(seen[3]) == 16


def test_a_model_trains_with_augmentation_from_the_command_line(tmp_path, capsys):
    command = ["train", "lenet", "--augment", "--epochs", "4", "--batch-size", "32"]
    assert main([*command, "--learning-rate", "0.003", "--out", str(tmp_path)]) == 0
    assert "random_crop" in capsys.readouterr().out
    assert main(["evaluate", str(tmp_path / "model.brasa")]) == 0
    assert float(capsys.readouterr().out.split()[-1]) > 0.5
