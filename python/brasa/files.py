"""Opening and writing files safely: regular files only, and never a half-written one."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

from brasa.errors import FormatError

AnyPath: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def as_path(path: AnyPath, where: str) -> Path:
    """Return ``path`` (str, bytes or path object) as a Path; a name need not be valid UTF-8.

    Raises:
        TypeError: ``path`` is of another type.
        ValueError: ``path`` is empty or holds a NUL.

    Example:
        >>> as_path(b"model.brasa", "save").name
        'model.brasa'
    """
    try:
        text = os.fsdecode(path)
    except TypeError as error:
        wanted = f"{where}: path must be a str, bytes or path object"
        raise TypeError(f"{wanted}, got {type(path).__name__}") from error
    if not text or "\0" in text:
        raise ValueError(f"{where}: path must be a file name without NUL, got {text!r}")
    return Path(text)


def open_regular(path: AnyPath, where: str) -> BinaryIO:
    """Open a regular file (or a link to one) for reading, without ever blocking on a pipe.

    Raises:
        FormatError: the path is a folder, a named pipe, a device or a socket.
        OSError: the file is missing or may not be read.
    """
    name = as_path(path, where)
    try:
        _require_regular(name.stat().st_mode, name, where)
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        handle = os.open(name, flags)
    except FileNotFoundError as error:
        what = f"{where}: there is no such file"
        raise FileNotFoundError(error.errno, what, str(name)) from None
    except PermissionError as error:
        what = f"{where}: the file may not be read"
        raise PermissionError(error.errno, what, str(name)) from None
    try:
        _require_regular(os.fstat(handle).st_mode, name, where)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def write_atomic(path: AnyPath, chunks: Iterable[bytes | memoryview], where: str) -> None:
    """Replace ``path`` by a file that holds ``chunks``; on failure the old file stays as it was.

    The bytes go to a temporary file in the same folder, are synced to the disk, and then take the
    name in one step. A link is followed; the access rights of a replaced file are kept.

    Raises:
        FormatError: the path exists and is not a regular file.
        OSError: the folder is missing or not writable, or the disk is full.
    """
    name = as_path(path, where).resolve()
    mode = None
    with suppress(FileNotFoundError):
        mode = name.stat().st_mode
        _require_regular(mode, name, where)
    temporary = name.parent / f".brasa-{os.urandom(8).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(temporary, flags, 0o666)
    except FileNotFoundError as error:
        what = f"{where}: the folder does not exist: create it first"
        raise FileNotFoundError(error.errno, what, str(name.parent)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), stat.S_IMODE(mode))
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(name)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(name.parent)


def _require_regular(mode: int, name: Path, where: str) -> None:
    if not stat.S_ISREG(mode):
        kind = next((text for test, text in _KINDS if test(mode)), "not a regular file")
        raise FormatError(f"{where}: path {str(name)!r} is {kind}: give that of a regular file")


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system lets a folder be synced."""
    if os.name != "posix":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
