"""Files fetched, checked, kept and unpacked: from files and from a server on this machine."""

import builtins
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from brasa import FormatError
from brasa.utils import get_file
from tests.serving import serving

CONTENT = b"some data"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()
CLOSED = "http://127.0.0.1:9/data.bin"  # the discard port: refused at once


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BRASA_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache"


@pytest.fixture
def source(tmp_path):
    """A folder that files come from."""
    (tmp_path / "from here").mkdir()
    (tmp_path / "from here" / "data.bin").write_bytes(CONTENT)
    return tmp_path / "from here"


def tar(path, *members, mode="w:gz"):
    """An archive of members: a name with content, or an entry of one's own."""
    with tarfile.open(path, mode) as file:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path.as_uri()


def zipped(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return path.as_uri()


def all_in(folder):
    """The files below a folder, with what they hold."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_file_is_fetched_once(source, cache):
    url = (source / "data.bin").as_uri()
    path = get_file(origin=url)
    assert path == str(cache / "datasets" / "data.bin")
    assert all_in(cache) == {"datasets/data.bin": CONTENT}
    (source / "data.bin").write_bytes(b"newer")
    assert Path(get_file(origin=url)).read_bytes() == CONTENT
    assert Path(get_file(origin=url, force_download=True)).read_bytes() == b"newer"
    assert get_file("flat", url, cache_subdir="") == str(cache / "flat")
    other = get_file("other", url, cache_dir=source, cache_subdir="deep/er")
    assert other == str(source / "deep" / "er" / "other")


@pytest.mark.parametrize(
    "options",
    [
        {"file_hash": SHA256},
        {"file_hash": MD5.upper()},
        {"file_hash": MD5, "hash_algorithm": "md5"},
        {"md5_hash": MD5},
    ],
)
def test_digests(options, source, cache):
    url = (source / "data.bin").as_uri()
    path = Path(get_file("x", url, **options))
    assert path.read_bytes() == CONTENT
    path.write_bytes(b"damaged meanwhile")
    assert Path(get_file("x", url, **options)).read_bytes() == CONTENT
    (source / "data.bin").unlink()  # it is not asked for any more
    get_file("x", url, **options)
    (cache / "datasets" / "x").write_bytes(b"damaged again")
    (source / "data.bin").write_bytes(b"another file")
    with pytest.raises(
        FormatError, match=r"get_file: file:.*data\.bin: the (SHA-256|MD5) is .*not"
    ):
        get_file("x", url, **options)
    assert all_in(cache) == {"datasets/x": b"damaged again"}


def test_from_a_server(source, cache):
    pytest.importorskip("pooch")
    with serving(source) as url:
        path = get_file(origin=f"{url}data.bin?version=2", file_hash=SHA256)
        assert all_in(cache) == {"datasets/data.bin": CONTENT}
        with pytest.raises(ConnectionError, match=r"get_file: could not download .*none.*404"):
            get_file(origin=f"{url}none")
        with pytest.raises(FormatError, match="the SHA-256 is"):
            get_file("bad", f"{url}data.bin", file_hash=64 * "0")
    assert get_file(origin=f"{url}data.bin", file_hash=SHA256) == path  # the server has gone
    with pytest.raises(ConnectionError, match="could not download"):
        get_file(origin=CLOSED, force_download=True)
    assert all_in(cache) == {"datasets/data.bin": CONTENT}


@pytest.mark.parametrize("kind", ["tgz", "tar", "zip"])
@pytest.mark.parametrize("fname", [None, "set", "set.x"])
def test_archives_are_unpacked(kind, fname, source, cache):
    members = [("a.txt", b"a"), ("deep/b.txt", b"b" * 5000)]
    path = source / f"photos.{kind}"
    mode = "w:" if kind == "tar" else "w:gz"
    url = zipped(path, *members) if kind == "zip" else tar(path, *members, mode=mode)
    folder = get_file(fname, url, extract=True)
    expected = {None: f"photos.{kind}", "set": "set", "set.x": "set_extracted"}[fname]
    assert folder == str(cache / "datasets" / expected)
    assert all_in(folder) == dict(members)
    archive = {None: f"photos.{kind}_archive", "set": "set_archive", "set.x": "set.x"}[fname]
    assert {p.name for p in (cache / "datasets").iterdir()} == {expected, archive}
    path.unlink()
    assert get_file(fname, url, extract=True) == folder


def test_another_archive_takes_the_place_of_the_old(source, cache):
    url = tar(source / "x.tar", ("old", b"1"))
    get_file("x", url, untar=True)
    tar(source / "x.tar", ("new", b"2"))
    assert all_in(get_file("x", url, untar=True)) == {"old": b"1"}
    assert all_in(get_file("x", url, untar=True, force_download=True)) == {"new": b"2"}
    tar(source / "x.tar", ("good", b"3"), ("../bad", b"4"))
    with pytest.raises(FormatError, match="may not be unpacked"):
        get_file("x", url, untar=True, force_download=True)
    assert all_in(cache / "datasets" / "x") == {"new": b"2"}


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def device(name):
    info = tarfile.TarInfo(name)
    info.type = tarfile.CHRTYPE
    return info, b""


@pytest.mark.parametrize(
    "member",
    [
        ("../escaped", b"!"),
        ("deep/../../escaped", b"!"),
        link("out", "../../escaped"),
        link("out", "/etc/passwd"),
        link("out", "../../escaped", tarfile.LNKTYPE),
        device("null"),
    ],
    ids=["up", "deep up", "link up", "link to root", "hard link", "device"],
)
def test_nothing_is_unpacked_elsewhere_from_tar(member, source, cache, tmp_path):
    url = tar(source / "x.tar.gz", ("fine", b""), member, ("later", b""))
    with pytest.raises(FormatError, match=r"get_file: '.*x_archive' holds '.*', which may not"):
        get_file("x", url, extract=True)
    assert list(all_in(cache)) == ["datasets/x_archive"]
    assert not list(tmp_path.rglob("escaped"))


def test_absolute_names_in_tar_lie_below_the_folder(source, tmp_path):
    url = tar(source / "x.tar", (str(tmp_path / "escaped"), b"!"))
    folder = get_file("x", url, extract=True)
    assert list(all_in(folder)) == [str(tmp_path / "escaped")[1:]]
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("name", ["../escaped", "a/../../escaped", "/escaped", "..\\escaped"])
def test_nothing_is_unpacked_elsewhere_from_zip(name, source, cache, tmp_path):
    url = zipped(source / "x.zip", ("fine", b""), (name, b"!"))
    with pytest.raises(FormatError, match=r"x_archive' holds '.*escaped', which lies outside"):
        get_file("x", url, extract=True)
    assert list(all_in(cache)) == ["datasets/x_archive"]
    assert not list(tmp_path.rglob("*escaped"))


def test_damaged_archives(source, cache):
    noise = bytes(range(256)) * 200
    for name, make in (("x.tgz", tar), ("x.zip", zipped)):
        url = make(source / name, ("a", noise), ("b", noise[::-1]))
        whole = (source / name).read_bytes()
        middle = len(whole) // 3
        (source / name).write_bytes(whole[:middle] + b"\xff" * 40 + whole[middle + 40 :])
        with pytest.raises(FormatError, match=r"get_file: '.*_archive' is damaged"):
            get_file(origin=url, extract=True)
    url = tar(source / "cut.tgz", ("a", noise))
    (source / "cut.tgz").write_bytes((source / "cut.tgz").read_bytes()[:-30])
    with pytest.raises(FormatError, match=r"get_file: '.*cut\.tgz_archive' is damaged"):
        get_file(origin=url, extract=True)
    url = tar(source / "flat.tar", ("a", noise), ("b", noise), mode="w:")
    whole = bytearray((source / "flat.tar").read_bytes())
    whole[512 + len(noise) + 20] ^= 1  # in the header of b
    (source / "flat.tar").write_bytes(whole)
    with pytest.raises(FormatError, match="is damaged: at byte 51,712 is no header"):
        get_file(origin=url, extract=True)
    with pytest.raises(FormatError, match=r"data\.bin_archive' is no tar or zip archive"):
        get_file(origin=(source / "data.bin").as_uri(), extract=True)
    with pytest.raises(FormatError, match="is no zip archive"):
        get_file("y", tar(source / "y", ("a", b"")), extract=True, archive_format="zip")
    assert all(name.endswith("_archive") for name in all_in(cache))


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"origin": None}, ValueError, "origin must be a URL, got None"),
        ({"origin": "http://x.org/"}, ValueError, r"'http://x\.org/' ends in no name: give fname"),
        ({"origin": "gopher://x/a"}, ValueError, "must begin with http, https or file"),
        ({"fname": "../x"}, ValueError, r"fname must be a name without folders, got '\.\./x'"),
        ({"fname": "a\\b"}, ValueError, "fname must be a name without folders"),
        ({"fname": ".."}, ValueError, "fname must be a name without folders"),
        ({"fname": 7}, TypeError, "fname must be a name, got 7"),
        ({"file_hash": "abc"}, ValueError, r"64 \(sha256\) or 32 \(md5\) hexadecimal .* 'abc'"),
        ({"file_hash": 32 * "g"}, ValueError, "hexadecimal"),
        ({"file_hash": MD5, "hash_algorithm": "sha256"}, ValueError, r"must have 64 \(sha256\)"),
        ({"file_hash": 12}, TypeError, "file_hash must be hexadecimal digits, got 12"),
        ({"hash_algorithm": "crc"}, ValueError, "hash_algorithm must be 'auto'"),
        ({"extract": True, "archive_format": "rar"}, ValueError, "got 'rar'"),
        ({"extract": True, "archive_format": None}, ValueError, "archive_format must be"),
        ({"cache_subdir": 3}, TypeError, "path must be a str"),
        ({"extract": "yes"}, TypeError, "extract must be a bool"),
        ({"origin": "file:///no/such/file"}, FileNotFoundError, "there is no such file"),
    ],
)
def test_bad_arguments(arguments, error, match, cache):
    with pytest.raises(error, match=f"get_file: .*{match}"):
        get_file(**{"origin": CLOSED, **arguments})
    assert all_in(cache) == {}


def test_without_pooch(monkeypatch):
    original = builtins.__import__

    def refuse(name, *arguments, **options):
        if name.partition(".")[0] == "pooch":
            raise ImportError(name)
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"with pooch: pip install 'brasa\[datasets\]', or get"):
        get_file(origin=CLOSED)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="get_file: cannot make the data folder"):
        get_file(origin=CLOSED, cache_dir=tmp_path / "file")
