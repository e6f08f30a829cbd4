"""``brasa train char-rnn`` and ``brasa sample``."""

import importlib.util
import math
import re

import pytest

import brasa
from brasa.cli import main
from brasa.datasets import CharVocabulary

TEXT = "To be, or not to be: that is the question.\n" * 80
MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder that a short run wrote."""
    folder = tmp_path_factory.mktemp("char-rnn")
    (folder / "text.txt").write_text(TEXT)
    small = ["--units", "24", "--layers", "1", "--steps", "20", "--batch-size", "8"]
    code = main(
        ["train", "char-rnn", "--data", str(folder / "text.txt"), "--epochs", "3", *small]
        + ["--learning-rate", "0.02", "--out", str(folder / "run")]
    )
    assert code == 0
    return folder / "run"


def test_training_writes_model_vocabulary_history_and_picture(trained):
    names = {"model.brasa", "vocabulary.json", "history.csv"}
    assert {path.name for path in trained.iterdir()} == names | (
        {"curves.png"} if MATPLOTLIB else set()
    )
    vocabulary = CharVocabulary.load(trained / "vocabulary.json")
    assert vocabulary.characters == "".join(sorted(set(TEXT)))
    assert brasa.load_model(trained / "model.brasa").output_shape[-1] == len(vocabulary)


def test_training_reports_nats_and_bits_and_writes_samples(tmp_path, capsys):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    arguments = ["--units", "8", "--layers", "1", "--steps", "10", "--batch-size", "8"]
    assert main(["train", "char-rnn", "--data", str(path), "--epochs", "2", *arguments,
                 "--cell", "gru", "--out", str(tmp_path / "run")]) == 0  # fmt: skip
    text = capsys.readouterr().out
    lines = re.findall(r"^epoch \d: ([\d.]+) nats = ([\d.]+) bits per character", text, re.M)
    assert len(lines) == 2
    for nats, bits in lines:
        assert float(bits) == pytest.approx(float(nats) / math.log(2), abs=2e-4)
    assert float(lines[1][0]) < float(lines[0][0])
    assert "best validation" in text


def test_samples_are_reproduced_and_stay_in_the_vocabulary(trained, capsys):
    model = str(trained / "model.brasa")
    texts = []
    for seed in ("1", "1", "2"):
        assert main(["sample", model, "--prompt", "To be", "--length", "40", "--seed", seed,
                     "--temperature", "1.5"]) == 0  # fmt: skip
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != texts[2]
    assert texts[0].startswith("To be")
    assert len(texts[0]) == len("To be") + 40 + 1
    assert set(texts[0]) <= set(TEXT)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prompt", "Z"], "'Z' at position 0 is none of its"),
        (["--temperature", "-1"], "temperature must be >= 0"),
        (["--top-k", "0"], "top_k must be >= 1"),
        (["--vocabulary", "missing.json"], "missing.json"),
    ],
    ids=str,
)
def test_bad_arguments_of_sample(trained, arguments, message, capsys):
    assert main(["sample", str(trained / "model.brasa"), *arguments]) == 1
    assert message in capsys.readouterr().err


def test_a_vocabulary_of_another_model_is_refused(trained, tmp_path, capsys):
    CharVocabulary("abc").save(tmp_path / "v.json")
    code = main(["sample", str(trained / "model.brasa"), "--vocabulary", str(tmp_path / "v.json")])
    assert code == 1
    assert "belongs to another model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "0"], "epochs must be >= 1"),
        (["--data", "nowhere.txt"], "nowhere.txt"),
        (["--cell", "cell"], "char_rnn: cell"),
        (["--steps", "100000"], "stateful_batches"),
    ],
    ids=str,
)
def test_bad_arguments_of_training(arguments, message, tmp_path, capsys):
    assert main(["train", "char-rnn", "--out", str(tmp_path), *arguments]) == 1
    assert message in capsys.readouterr().err
