"""Archives unpacked whole or not at all, and into nothing but their folder."""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from brasa.errors import FormatError

FORMATS = ("tar", "zip")


def as_formats(op: str, value: Any) -> tuple[str, ...]:
    """The names that "auto", "tar", "zip" or a list of these stands for; else ValueError."""
    names = (
        FORMATS if value == "auto" else (value,) if isinstance(value, str) else tuple(value or ())
    )
    if not names or any(name not in FORMATS for name in names):
        raise ValueError(f"{op}: archive_format must be 'auto', 'tar' or 'zip', got {value!r}")
    return names


def unpack(op: str, archive: Path, folder: Path, formats: tuple[str, ...]) -> None:
    """Make ``folder`` the content of an archive; what lay there before is replaced.

    The archive is unpacked beside it, and only a whole one takes the name.

    Raises:
        FormatError: it is no archive of these formats, is damaged, or holds a file that would lie
            outside of the folder, or that is a device. OSError: the disk is full, and the like.
    """
    what = f"{op}: {str(archive)!r}"
    if "tar" in formats and tarfile.is_tarfile(archive):
        read = _read_tar
    elif "zip" in formats and zipfile.is_zipfile(archive):
        read = _read_zip
    else:
        raise FormatError(f"{what} is no {' or '.join(formats)} archive")
    mark = os.urandom(8).hex()
    fresh, old = (folder.with_name(f".{folder.name}-{mark}.{name}") for name in ("new", "old"))
    fresh.mkdir()
    try:
        read(what, archive, fresh)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    finally:
        for rest in (fresh, old):
            shutil.rmtree(rest, ignore_errors=True)


def _read_tar(what: str, archive: Path, folder: Path) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise RuntimeError(f"{what}: safe unpacking came with Python 3.10.12, 3.11.4 and 3.12")
    try:
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")
            _check_end(file)
    except tarfile.FilterError as error:
        name = error.tarinfo.name
        raise FormatError(f"{what} holds {name!r}, which may not be unpacked: {error}") from None
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise FormatError(f"{what} is damaged: {error}") from None
    except OSError as error:
        if error.errno is not None:
            raise  # the system's, such as a full disk
        raise FormatError(f"{what} is damaged: {error}") from None


def _check_end(file: tarfile.TarFile) -> None:
    """ReadError where no member begins, nor zeros: tarfile takes any such place for the end.

    To read on to the last byte has the checksum of a compressed archive compared, too.
    """
    assert file.fileobj is not None
    file.fileobj.seek(file.offset)
    if any(file.fileobj.read(tarfile.BLOCKSIZE)):
        raise tarfile.ReadError(f"at byte {file.offset:,} is no header")
    while file.fileobj.read(1 << 20):
        pass


def _read_zip(what: str, archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as file:
            for name in file.namelist():
                if not _stays_inside(name):
                    raise FormatError(f"{what} holds {name!r}, which lies outside of the folder")
            file.extractall(folder)
    except FormatError:
        raise
    except (zipfile.BadZipFile, EOFError, zlib.error, RuntimeError, ValueError) as error:
        raise FormatError(f"{what} is damaged, or wants a password: {error}") from None


def _stays_inside(name: str) -> bool:
    """Whether a name in an archive leads neither to the root, nor to a drive, nor upwards.

    >>> [_stays_inside(name) for name in ("a/b", "../b", "/b", "C:\\\\b", "a/../../b")]
    [True, False, False, False, False]
    """
    paths = PurePosixPath(name), PureWindowsPath(name)
    return not any(path.anchor or ".." in path.parts for path in paths)
