"""Texts, and the numbers of their characters; the network is never used."""

import hashlib
import json
import os

import numpy as np
import pytest

from brasa.datasets import (
    CharVocabulary,
    data_dir,
    load_builtin_text,
    load_text,
    load_tiny_shakespeare,
    text,
)
from brasa.errors import FormatError


def test_the_text_of_the_package_is_what_its_source_says():
    romeo = load_builtin_text()
    assert len(romeo) == 96_739
    assert len(set(romeo)) == 61
    assert romeo.endswith("If all else fail, myself have power to die.\n")
    digest = "dd56ac3ae1cd2c3755c434f0067f35faf7c4b9b2c7ec45ac5944feae3c55a637"
    assert hashlib.sha256(romeo.encode()).hexdigest() == digest


# ---- files ---------------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A data folder; downloads fail the test."""
    monkeypatch.setenv("BRASA_DATA", str(tmp_path))
    monkeypatch.setattr("brasa.datasets.fetch._download", lambda *_: pytest.fail("network used"))
    (tmp_path / "tiny-shakespeare").mkdir()
    return tmp_path / "tiny-shakespeare" / "input.txt"


def test_tiny_shakespeare_is_read_where_it_lies(shelf, monkeypatch):
    content = "First Citizen:\nBefore we proceed\n"
    shelf.write_text(content)
    monkeypatch.setattr(text, "_TINY_SHAKESPEARE_LENGTH", len(content))
    assert load_tiny_shakespeare() == content


@pytest.mark.parametrize("content", ["", "First Citizen:\n", "x" * 1_115_394])
def test_another_file_is_refused(shelf, content):
    shelf.write_text(content)
    with pytest.raises(FormatError, match=r"load_tiny_shakespeare: .*expected 1,115,394 char"):
        load_tiny_shakespeare()


@pytest.mark.slow
def test_the_real_file():
    path = data_dir() / "tiny-shakespeare" / "input.txt"
    if not os.environ.get("BRASA_DATA") or not path.exists():
        pytest.skip("the real file: set BRASA_DATA to a folder with tiny-shakespeare/input.txt")
    whole = load_tiny_shakespeare()
    assert hashlib.sha256(whole.encode()).hexdigest() == text._TINY_SHAKESPEARE.sha256
    assert len(set(whole)) == 65
    assert load_builtin_text() in whole


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (b"", ""),
        ("día\n".encode(), "día\n"),
        (b"\xef\xbb\xbfa\r\nb\rc\n", "a\nb\nc\n"),
        ("\U0001f525".encode(), "\U0001f525"),
    ],
)
def test_load_text(tmp_path, data, want):
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    assert load_text(path) == load_text(str(path)) == want


def test_load_text_refuses(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc\xe9")
    with pytest.raises(FormatError, match=r"load_text: .*a.txt' is not UTF-8: byte 3 is 0xe9"):
        load_text(path)
    with pytest.raises(FileNotFoundError, match="load_text: there is no such file"):
        load_text(tmp_path / "b.txt")
    with pytest.raises(FormatError, match="a folder"):
        load_text(tmp_path)


# ---- vocabulary ----------------------------------------------------------------------------


@pytest.mark.parametrize("padding", [False, True])
def test_what_is_encoded_can_be_decoded(padding):
    romeo = load_builtin_text()
    vocabulary = CharVocabulary.from_text(romeo, padding)
    ids = vocabulary.encode(romeo)
    assert (ids.dtype, ids.min(), ids.max()) == (np.int32, int(padding), len(vocabulary) - 1)
    assert len(vocabulary) == 61 + padding
    assert vocabulary.decode(ids) == romeo
    assert vocabulary.characters == "".join(sorted(set(romeo)))


def test_numbers_follow_the_given_order():
    vocabulary = CharVocabulary("ba\U0001f525é")
    assert vocabulary.encode("\U0001f525ab").tolist() == [2, 1, 0]
    assert vocabulary.decode(np.array([3, 0], np.uint8)) == "éb"
    assert vocabulary.encode("").tolist() == []
    assert vocabulary.decode([]) == ""


def test_padding_is_left_out():
    vocabulary = CharVocabulary("ab", padding=True)
    assert vocabulary.encode("ba").tolist() == [2, 1]
    assert vocabulary.decode([0, 2, 0, 1, 0]) == "ba"


@pytest.mark.parametrize("padding", [False, True])
def test_a_saved_vocabulary_comes_back(tmp_path, padding):
    first = CharVocabulary('é\n"\\\ud800\U0001f525', padding)
    first.save(tmp_path / "v.json")
    second = CharVocabulary.load(tmp_path / "v.json")
    assert (second.characters, second.padding) == (first.characters, padding)
    assert json.loads((tmp_path / "v.json").read_text())["format"] == "brasa.characters"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": "other", "characters": "a", "padding": false}',
        '{"format": "brasa.characters", "characters": "aa", "padding": false}',
        '{"format": "brasa.characters", "characters": ["a"], "padding": false}',
        '{"format": "brasa.characters", "characters": "a"}',
        "[" * 100_000,
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    (tmp_path / "v.json").write_text(content)
    with pytest.raises(FormatError, match=r"v.json' is no vocabulary"):
        CharVocabulary.load(tmp_path / "v.json")


VOCABULARY = CharVocabulary("abc")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: CharVocabulary(""), ValueError, "at least one character"),
        (lambda: CharVocabulary("aba"), ValueError, "'a' occurs twice"),
        (lambda: CharVocabulary(["a"]), TypeError, "must be a text"),
        (lambda: VOCABULARY.encode("abxc"), ValueError, "'x' at position 2 is none of its 3"),
        (lambda: VOCABULARY.encode("z"), ValueError, "'z' at position 0"),
        (lambda: VOCABULARY.decode([0, 3]), IndexError, "no character 3: numbers go from 0 to 2"),
        (lambda: VOCABULARY.decode([-1]), IndexError, "no character -1"),
        (lambda: VOCABULARY.decode([0.5]), TypeError, "must be whole"),
        (lambda: VOCABULARY.decode([[0]]), ValueError, "one row"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=f"CharVocabulary: .*{message}"):
        call()
