"""Files from the network, fetched once, checked and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from brasa.datasets.fetch import data_dir, http_downloader, make_folder, reason_of
from brasa.errors import FormatError
from brasa.files import as_path, open_regular
from brasa.ops.arguments import truth

from .archives import as_formats, unpack

_OP = "get_file"
_LENGTHS = {"sha256": 64, "md5": 32}  # of hexadecimal digests


def get_file(
    fname: str | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: Any = None,
    force_download: bool = False,
) -> str:
    """The path of a file from the network, which is fetched where it does not lie there already.

    It goes to a temporary name, is compared with the digest, and only then takes its own. One that
    lies there with another digest is fetched again.

    Args:
        fname: What to call it. Default the last part of ``origin``.
        origin: URL: http, https, or file.
        untar: As ``extract`` with ``archive_format="tar"``, of older code.
        md5_hash: As ``file_hash``, of older code.
        file_hash: The file's SHA-256 or MD5 in hexadecimal digits. Always give one for what you do
            not trust; MD5 finds damage, but not what is meant to harm.
        cache_subdir: The folder in the cache. Default "datasets".
        hash_algorithm: "sha256" or "md5". Default what the length of the digest says.
        extract: Unpack it, and return the path of the folder. That is ``fname``, and the archive
            ``fname + "_archive"``; for an ``fname`` with an ending, such as "x.zip", the folder is
            "x_extracted". Nothing is unpacked to any other place.
        archive_format: "tar" (compressed or not), "zip", or "auto", either of them.
        cache_dir: The cache. Default that of the data sets, ``brasa.datasets.data_dir()``.
        force_download: Fetch it in any case.

    Raises:
        ConnectionError: it cannot be fetched. FormatError: its digest is another one, or it is no
            archive, or not a safe one. ImportError: pooch is not installed. OSError: the folder
            cannot be written. TypeError, ValueError: of the arguments.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from brasa.utils import get_file
    >>> with TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "there.txt").write_text("abc")
    ...     url = (Path(folder) / "there.txt").as_uri()
    ...     path = get_file("here.txt", url, cache_dir=folder, file_hash=3 * "ab" + 58 * "0")
    Traceback (most recent call last):
    brasa.errors.FormatError: get_file: file:///...there.txt: the SHA-256 is ba7816bf..., not ab...
    """
    if not isinstance(origin, str) or not origin:
        raise ValueError(f"{_OP}: origin must be a URL, got {origin!r}")
    name = _name(fname, origin)
    unpacks = truth(_OP, "extract", extract) or truth(_OP, "untar", untar)
    formats = as_formats(_OP, "tar" if untar else archive_format) if unpacks else ()
    digest = _digest(md5_hash if file_hash is None else file_hash, hash_algorithm)
    cache = data_dir() if cache_dir is None else as_path(cache_dir, _OP).expanduser()
    folder = cache / as_path(cache_subdir, _OP) if cache_subdir else cache

    target = folder / name
    unpacked = target
    if unpacks and fname is not None and "." in name:
        unpacked = folder / f"{name.split('.')[0]}_extracted"
    elif unpacks:
        target = folder / f"{name}_archive"
    stale = truth(_OP, "force_download", force_download) or not _is_right(target, digest)
    if stale:
        make_folder(folder, _OP)
        _fetch(origin, target, digest)
    if unpacks and (stale or not unpacked.exists()):
        unpack(_OP, target, unpacked, formats)
    return str(unpacked)


Digest = tuple[str, str]  # the algorithm, and hexadecimal digits


def _name(fname: Any, origin: str) -> str:
    """The file's name, which is no path."""
    if fname is not None and not isinstance(fname, (str, os.PathLike)):
        raise TypeError(f"{_OP}: fname must be a name, got {fname!r}")
    name = os.fspath(fname) if fname else Path(urlsplit(origin).path).name
    if not name:
        raise ValueError(f"{_OP}: {origin!r} ends in no name: give fname=...")
    if name in (".", "..") or any(sign in name for sign in "/\\\0"):
        raise ValueError(f"{_OP}: fname must be a name without folders, got {name!r}")
    return name


def _digest(value: Any, algorithm: Any) -> Digest | None:
    if algorithm not in ("auto", *_LENGTHS):
        raise ValueError(
            f"{_OP}: hash_algorithm must be 'auto', 'sha256' or 'md5', got {algorithm!r}"
        )
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{_OP}: file_hash must be hexadecimal digits, got {value!r}")
    for name, length in _LENGTHS.items():
        if algorithm in ("auto", name) and len(value) == length and _is_hexadecimal(value):
            return name, value.lower()
    wanted = " or ".join(
        f"{length} ({name})" for name, length in _LENGTHS.items() if algorithm in ("auto", name)
    )
    raise ValueError(f"{_OP}: file_hash must have {wanted} hexadecimal digits, got {value!r}")


def _is_hexadecimal(text: str) -> bool:
    return all(sign in "0123456789abcdefABCDEF" for sign in text)


def _is_right(path: Path, digest: Digest | None) -> bool:
    """Whether the file lies there, with the digest if there is one."""
    return path.exists() and (digest is None or _digest_of(path, digest[0]) == digest[1])


def _digest_of(path: Path, algorithm: str) -> str:
    found = hashlib.new(algorithm, usedforsecurity=False)
    with open_regular(path, _OP) as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def _fetch(url: str, target: Path, digest: Digest | None) -> None:
    """Put what a URL names where ``target`` says, whole and with its digest, or not at all."""
    partial = target.with_name(f".{target.name}-{os.urandom(8).hex()}.part")
    try:
        _read(url, partial)
        found = None if digest is None else _digest_of(partial, digest[0])
        if digest is not None and found != digest[1]:
            kind = {"sha256": "SHA-256", "md5": "MD5"}[digest[0]]
            raise FormatError(f"{_OP}: {url}: the {kind} is {found}, not {digest[1]}")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _read(url: str, target: Path) -> None:
    scheme = urlsplit(url).scheme
    if scheme == "file":
        from urllib.request import url2pathname

        with open_regular(url2pathname(urlsplit(url).path), _OP) as file, target.open("xb") as copy:
            shutil.copyfileobj(file, copy)
        return
    if scheme not in ("http", "https"):
        raise ValueError(f"{_OP}: origin must begin with http, https or file, got {url!r}")
    try:
        downloader = http_downloader()
    except ImportError:
        raise ImportError(
            f"brasa: {_OP} downloads with pooch: pip install 'brasa[datasets]', or get {url} by "
            "hand and give its path as file://..."
        ) from None
    try:
        downloader(url, str(target), None)
    except (OSError, ValueError) as error:  # requests' exceptions are OSErrors
        raise ConnectionError(f"{_OP}: could not download {url}: {reason_of(error)}") from None
