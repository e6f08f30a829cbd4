"""Find a data file on this machine, or fetch it once, check it and keep it."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RemoteFile:
    """A file of a data set, kept as ``<data folder>/<folder>/<name>``.

    Attributes:
        folder: Subfolder of the data folder, one for each data set.
        name: File name.
        sha256: Of the file as it is downloaded.
        mirrors: URLs of the folder that holds it, tried in this order; each ends with "/".
    """

    folder: str
    name: str
    sha256: str
    mirrors: tuple[str, ...]

    @property
    def urls(self) -> list[str]:
        """The full URLs."""
        return [mirror + self.name for mirror in self.mirrors]


def data_dir() -> Path:
    """The folder of the downloaded data: ``BRASA_DATA``, or ``brasa`` in the system's cache.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, BRASA_DATA="shelf"):
        ...     data_dir().name
        'shelf'
    """
    chosen = os.environ.get("BRASA_DATA")
    if chosen:
        return Path(chosen).expanduser()
    home = Path.home()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
        return Path(local) / "brasa" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "brasa"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "brasa"


def find(file: RemoteFile, flat: bool = False) -> Path | None:
    """The file where it already lies, gzipped or not; None when it does not.

    A file that lies there is used as it is: its format is checked when it is read, its SHA-256 is
    not, so an unpacked or recompressed copy serves as well.

    Args:
        file: What to look for.
        flat: Look in the data folder itself, too.
    """
    names = [file.name, file.name.removesuffix(".gz")]
    folders = [data_dir() / file.folder, *([data_dir()] if flat else [])]
    paths = (folder / name for folder in folders for name in names)
    return next((path for path in paths if path.exists()), None)


def fetch(file: RemoteFile, where: str, flat: bool = False) -> Path:
    """The path of a data file, downloading it first when it is not there.

    A download goes to a temporary file, is compared with the known SHA-256, and only then takes its
    name. A progress bar shows on a terminal.

    Args:
        file: What to look for and where to get it.
        where: The function that error messages name.
        flat: Look in the data folder itself, too.

    Raises:
        ImportError: the file is not there and pooch is not installed.
        ConnectionError: no mirror gave the right file; names the path where to put it by hand.
        OSError: the data folder cannot be written.
    """
    found = find(file, flat)
    if found is not None:
        return found
    target = data_dir() / file.folder / file.name
    by_hand = f"or get it by hand and put it at {str(target)!r}, from " + " or ".join(file.urls)
    try:
        import pooch  # noqa: F401
    except ImportError:
        raise ImportError(
            f"brasa: {where} downloads {file.name} with pooch: "
            f"pip install 'brasa[datasets]', {by_hand}"
        ) from None
    make_folder(target.parent, where)
    reasons = []
    for url in file.urls:
        reason = _download(url, file, target)
        if reason is None:
            return target
        reasons.append(f"{url}: {reason}")
    raise ConnectionError(
        f"{where}: could not download {file.name} ({'; '.join(reasons)}). "
        f"Try again with a connection, {by_hand}"
    )


def make_folder(folder: Path, where: str) -> None:
    """Make a folder for data; OSError says what to do where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{where}: cannot make the data folder ({error.strerror}): "
            "set BRASA_DATA to a folder that you may write to",
            str(folder),
        ) from None


def http_downloader() -> Any:
    """What pooch reads URLs with: with a bar on a terminal, and bytes as they lie on the server."""
    import pooch

    return pooch.HTTPDownloader(
        progressbar=sys.stderr is not None and sys.stderr.isatty(),
        # Else some servers declare the .gz a compressed transfer, and it arrives unpacked.
        headers={"Accept-Encoding": "identity"},
    )


def _download(url: str, file: RemoteFile, target: Path) -> str | None:
    """Download ``url`` to ``target``; return why it failed, None when it worked."""
    import logging

    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)  # the bar is enough
    try:
        pooch.retrieve(
            url,
            known_hash=f"sha256:{file.sha256}",
            fname=file.name,
            path=target.parent,
            downloader=http_downloader(),
        )
    except (OSError, ValueError) as error:  # requests' exceptions are OSErrors
        if "hash" in str(error).lower():
            return "the file there has another SHA-256"
        return reason_of(error)
    finally:
        logger.setLevel(level)
    return None


def reason_of(error: Exception) -> str:
    """An error of a download in one line."""
    text = str(error)
    return text.splitlines()[0][:120] if text else type(error).__name__
