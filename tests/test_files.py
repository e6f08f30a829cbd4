"""Opening and replacing files: only regular ones, never blocking, all or nothing."""

import os
import stat
from pathlib import Path

import pytest

from brasa.errors import FormatError
from brasa.files import as_path, open_regular, write_atomic

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX file types")


@pytest.mark.parametrize("kind", [str, os.fsencode, Path])
def test_path_may_be_str_bytes_or_path_object(kind, tmp_path):
    path = kind(str(tmp_path / "file"))
    write_atomic(path, [b"ab", memoryview(b"c")], "save")
    with open_regular(path, "load") as file:
        assert file.read() == b"abc"


@posix
def test_name_need_not_be_utf8(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff\xfe"
    try:
        write_atomic(path, [b"x"], "save")
    except OSError as error:
        pytest.skip(f"this file system refuses such names: {error}")
    with open_regular(path, "load") as file:
        assert file.read() == b"x"


@pytest.mark.parametrize(
    ("path", "error"), [(3, TypeError), (None, TypeError), ("", ValueError), ("a\0b", ValueError)]
)
def test_what_is_no_path_is_refused(path, error):
    with pytest.raises(error, match="save: path must be a"):
        as_path(path, "save")


def make_pipe(path):
    os.mkfifo(path)


@posix
@pytest.mark.parametrize(
    ("make", "kind"), [(os.mkdir, "a folder"), (make_pipe, "a named pipe")], ids=["folder", "pipe"]
)
def test_only_regular_files_are_opened_or_replaced(make, kind, tmp_path):
    path = tmp_path / "thing"
    make(path)
    with pytest.raises(FormatError, match=kind):
        open_regular(path, "load")
    with pytest.raises(FormatError, match=kind):
        write_atomic(path, [b"x"], "save")


@posix
def test_device_is_neither_opened_nor_replaced():
    with pytest.raises(FormatError, match="a device"):
        open_regular("/dev/null", "load")
    with pytest.raises(FormatError, match="a device"):
        write_atomic("/dev/null", [b"x"], "save")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"load: there is no such file.*nothing"):
        open_regular(tmp_path / "nothing", "load")


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"save: the folder does not exist.*nowhere"):
        write_atomic(tmp_path / "nowhere" / "file", [b"x"], "save")


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_named(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(PermissionError, match=r"load: the file may not be read.*file"):
        open_regular(path, "load")


@posix
def test_link_is_followed_and_kept(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomic(link, [b"new"], "save")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@posix
def test_other_hard_link_keeps_the_old_content(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"old")
    second.hardlink_to(first)
    write_atomic(first, [b"new"], "save")
    assert (first.read_bytes(), second.read_bytes()) == (b"new", b"old")


@posix
def test_access_rights_of_a_replaced_file_are_kept(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_atomic(path, [b"new"], "save")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_failure_midway_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def chunks():
        yield b"half"
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_atomic(path, chunks(), "save")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
