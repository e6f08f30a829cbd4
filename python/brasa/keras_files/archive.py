"""The ``.keras`` file: a zip archive of config.json, metadata.json and model.weights.h5.

Members are read into memory, one by one, and never unpacked to the disk.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from brasa.errors import FormatError
from brasa.files import AnyPath, as_path, open_regular, write_atomic

from . import hdf5

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"

# A config of the largest models has some MiB.
_MOST_TEXT_BYTES = 256 << 20
# Weights hardly shrink; Keras stores them as they are.
_BOMB_BYTES, _BOMB_RATIO = 64 << 20, 100
# A date that is always the same, the first that zip has: equal models give equal files.
_DATE = (1980, 1, 1, 0, 0, 0)


def kind_of(path: AnyPath, where: str) -> str | None:
    """ "h5", "keras" or, for what is no file of Keras, None."""
    with open_regular(path, where) as file:
        head = file.read(8)
    if head == hdf5.MAGIC:
        return "h5"
    is_named = as_path(path, where).suffix.lower() == ".keras"
    return "keras" if is_named and head.startswith(b"PK") else None


def ending_for_models(path: AnyPath) -> bool:
    """Whether a model written there is to be a file of Keras 3; ValueError where it would not be.

    >>> ending_for_models("net.keras"), ending_for_models("net.brasa")
    (True, False)
    """
    name = as_path(path, "save").name.lower()
    if name.endswith((".h5", ".hdf5")):
        raise ValueError(
            f"save: path must end in '.keras' for Keras, or in '.brasa', got {name!r}: weights "
            "alone are written by save_weights('x.weights.h5')"
        )
    return name.endswith(".keras")


def ending_for_weights(path: AnyPath) -> bool:
    """Whether weights written there are to be a file of Keras 3; ValueError where it would not be.

    >>> ending_for_weights("net.weights.h5"), ending_for_weights("net.safetensors")
    (True, False)
    """
    name = as_path(path, "save_weights").name.lower()
    if name.endswith(".weights.h5"):
        return True
    if name.endswith((".h5", ".hdf5", ".keras")):
        raise ValueError(
            f"save_weights: path must end in '.weights.h5' for Keras, in '.brasa' or "
            f"'.safetensors' for brasa, got {name!r}"
        )
    return False


def members(path: AnyPath, names: tuple[str, ...], where: str) -> list[bytes]:
    """The members of an archive by these names; FormatError where it is damaged, or lacks one."""
    with open_regular(path, where) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return [_member(archive, name) for name in names]
        except FormatError:
            raise
        except _DAMAGES as error:
            raise FormatError(f"the zip archive is damaged: {error}") from None


# Encryption is a RuntimeError, a method of compression that Python lacks a NotImplementedError.
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    OverflowError,
)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    found = [info for info in archive.infolist() if info.filename == name]
    if len(found) != 1:
        inside = ", ".join(archive.namelist()[:10])
        what = "has no" if not found else "has more than one"
        raise FormatError(f"the archive {what} {name}: not written by Keras 3; it holds {inside}")
    info = found[0]
    is_text = name.endswith(".json")
    most = _MOST_TEXT_BYTES if is_text else max(_BOMB_BYTES, _BOMB_RATIO * info.compress_size)
    if info.file_size > most:
        raise FormatError(
            f"{name} claims {info.file_size:,} bytes, packed into {info.compress_size:,}: refused, "
            "as an archive that is made to fill the memory"
        )
    with archive.open(info) as member:
        data = member.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise FormatError(f"{name} has not the {info.file_size:,} bytes that it claims")
    return data


def write(path: AnyPath, contents: Mapping[str, bytes], where: str) -> None:
    """Write an archive; it takes its name when it is complete."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content)
    write_atomic(path, [data.getbuffer()], where)


def weights_data(path: Any, kind: str, where: str) -> io.BytesIO:
    """The bytes of the HDF5 file that ``path`` is, or has inside."""
    if kind == "keras":
        return io.BytesIO(members(path, (WEIGHTS,), where)[0])
    with open_regular(path, where) as file:
        return io.BytesIO(file.read())
