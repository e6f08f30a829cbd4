"""Fetching data: from a server on this machine, or with a clear word when there is none."""

import builtins
import hashlib
from pathlib import Path

import pytest

from brasa.datasets import cifar, data_dir, mnist
from brasa.datasets.fetch import RemoteFile, fetch, find
from tests.serving import serving

CONTENT = b"the one true file"
CLOSED = "http://127.0.0.1:9/"  # the discard port: refused at once


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    folder = tmp_path / "shelf"
    monkeypatch.setenv("BRASA_DATA", str(folder))
    monkeypatch.setenv("NO_PROXY", "*")
    return folder


@pytest.fixture
def server(tmp_path):
    """URL of a folder that holds ``good/data.bin`` and a wrong ``bad/data.bin``."""
    pytest.importorskip("pooch")
    root = tmp_path / "www"
    for name, content in (("good", CONTENT), ("bad", b"something else")):
        (root / name).mkdir(parents=True)
        (root / name / "data.bin").write_bytes(content)
    with serving(root) as url:
        yield url


def remote(*mirrors, name="data.bin"):
    return RemoteFile("set", name, hashlib.sha256(CONTENT).hexdigest(), mirrors)


def test_file_is_fetched_checked_and_kept(server, shelf, capfd):
    path = fetch(remote(f"{server}good/"), "load_set")
    assert path == shelf / "set" / "data.bin"
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in path.parent.iterdir()] == ["data.bin"]
    assert capfd.readouterr() == ("", "")  # no terminal, so no bar
    # From now on without any mirror.
    assert fetch(remote(), "load_set") == path


def test_wrong_and_missing_mirrors_are_passed_over(server, shelf):
    mirrors = (f"{server}bad/", f"{server}none/", CLOSED, f"{server}good/")
    assert fetch(remote(*mirrors), "load_set").read_bytes() == CONTENT


def test_failure_of_all_mirrors_says_why_and_what_to_do(server, shelf):
    file = remote(f"{server}bad/", f"{server}none/", CLOSED)
    with pytest.raises(ConnectionError) as caught:
        fetch(file, "load_set")
    text = str(caught.value)
    assert text.startswith("load_set: could not download data.bin")
    assert "bad/data.bin: the file there has another SHA-256" in text
    assert "404" in text
    assert f"put it at {str(shelf / 'set' / 'data.bin')!r}" in text
    for url in file.urls:
        assert url in text
    assert "\n" not in text
    assert list((shelf / "set").iterdir()) == []


@pytest.mark.parametrize("place", ["set/data.bin.gz", "set/data.bin"], ids=["gzip", "plain"])
def test_file_that_lies_there_needs_neither_network_nor_pooch(place, shelf, monkeypatch):
    forbid(monkeypatch, "pooch")
    (shelf / place).parent.mkdir(parents=True)
    (shelf / place).write_bytes(b"recompressed by hand")
    assert fetch(remote(name="data.bin.gz"), "load_set") == shelf / place


def test_data_folder_itself_counts_only_when_asked(shelf):
    shelf.mkdir()
    (shelf / "data.bin").write_bytes(CONTENT)
    assert find(remote()) is None
    assert find(remote(), flat=True) == shelf / "data.bin"


def test_missing_pooch_names_the_extra_and_the_path(shelf, monkeypatch):
    forbid(monkeypatch, "pooch")
    with pytest.raises(ImportError) as caught:
        fetch(remote(CLOSED), "load_set")
    text = str(caught.value)
    assert "pip install 'brasa[datasets]'" in text
    assert str(shelf / "set" / "data.bin") in text
    assert f"{CLOSED}data.bin" in text


def test_unusable_data_folder_is_named(tmp_path, monkeypatch):
    pytest.importorskip("pooch")
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("BRASA_DATA", str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"load_set: cannot make the data folder.*set BRASA_DATA"):
        fetch(remote(CLOSED), "load_set")


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"BRASA_DATA": "/data"}, "/data"),
        ("linux", {"BRASA_DATA": "~/data"}, "/home/u/data"),
        ("linux", {}, "/home/u/.cache/brasa"),
        ("linux", {"BRASA_DATA": "", "XDG_CACHE_HOME": "/x"}, "/x/brasa"),
        ("darwin", {}, "/home/u/Library/Caches/brasa"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/brasa/Cache"),
    ],
)
def test_data_folder_follows_the_platform(platform, variables, expected, monkeypatch):
    for name in ("BRASA_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/u")
    monkeypatch.setenv("USERPROFILE", "/home/u")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert data_dir() == Path(expected)


def test_every_data_set_has_two_mirrors_and_a_sha256():
    archives = cifar._CIFAR10.archive, cifar._CIFAR100.archive
    sets = [*mnist._SOURCES.values(), *((a.mirrors, {a.name: a.sha256}) for a in archives)]
    for mirrors, hashes in sets:
        assert len(mirrors) >= 2
        assert all(mirror.endswith("/") for mirror in mirrors)
        assert all(len(bytes.fromhex(value)) == 32 for value in hashes.values())


def forbid(monkeypatch, package):
    original = builtins.__import__

    def refuse(name, *arguments, **options):
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
