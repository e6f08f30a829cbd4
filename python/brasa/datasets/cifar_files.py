"""The binary versions of CIFAR-10 and CIFAR-100, read from the archive or from its folder.

A file is a row of records; a record is one byte for each label, then the red, green and blue plane
of 1,024 bytes each, in row order. The pickled "python versions" are never read.
Source: https://www.cs.toronto.edu/~kriz/cifar.html
"""

import tarfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

import numpy as np
from numpy.typing import NDArray

from brasa.errors import FormatError
from brasa.files import open_regular

from .fetch import RemoteFile, data_dir, fetch

_PIXEL_BYTES = 3 * 32 * 32
_OTHER_BYTES = 1 << 20  # what the readme and the list of names may take

Part = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # images (N, 32, 32, 3), labels (N, labels)


@dataclass(frozen=True)
class CifarFiles:
    """What an archive holds.

    Attributes:
        archive: The archive.
        unpacked: The folder that it unpacks to.
        rows: The records of each file, by the file's name.
        classes: How many classes each label byte of a record tells apart.
    """

    archive: RemoteFile
    unpacked: str
    rows: Mapping[str, int]
    classes: tuple[int, ...]

    def read(self, where: str) -> dict[str, Part]:
        """All files, by their names; fetched where they lie nowhere."""
        for folder in (data_dir() / self.archive.folder, data_dir()):
            if (folder / self.unpacked).is_dir():
                return self._read_folder(folder / self.unpacked, where)
        return self._read_archive(fetch(self.archive, where, flat=True), where)

    def _read_folder(self, folder: Path, where: str) -> dict[str, Part]:
        parts = {}
        for name in self.rows:
            with open_regular(folder / name, where) as file:
                size = file.seek(0, 2)
                file.seek(0)
                what = f"{where}: {str(folder / name)!r}"
                parts[name] = self._records(file, name, size, what)
        return parts

    def _read_archive(self, path: Path, where: str) -> dict[str, Part]:
        """Read the files out of the archive as a stream; nothing is unpacked to the disk."""
        what = f"{where}: {str(path)!r}"
        parts: dict[str, Part] = {}
        try:
            with ExitStack() as stack:
                file = stack.enter_context(open_regular(path, where))
                packed = file.read(2) == b"\x1f\x8b"
                file.seek(0)
                mode: Literal["r|gz", "r|"] = "r|gz" if packed else "r|"
                stream = stack.enter_context(tarfile.open(fileobj=file, mode=mode))
                for member in stream:
                    name = member.name.rpartition("/")[2]
                    if member.isfile() and name in self.rows and name not in parts:
                        content = cast(BinaryIO, stream.extractfile(member))
                        parts[name] = self._records(content, name, member.size, f"{what}: {name}")
                    elif member.size > _OTHER_BYTES:
                        raise FormatError(
                            f"{what}: the archive holds something else: {member.name!r}"
                        )
                    if len(parts) == len(self.rows):
                        break
        except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the system's, such as a file that may not be read
            advice = "delete the file and fetch it again"
            raise FormatError(f"{what}: the archive is damaged ({error}): {advice}") from None
        missing = [name for name in self.rows if name not in parts]
        if missing:
            raise FormatError(
                f"{what}: {', '.join(missing)} missing: give the binary version, not the python one"
            )
        return parts

    def _records(self, file: BinaryIO, name: str, size: int, what: str) -> Part:
        rows, first = self.rows[name], len(self.classes)
        expected = rows * (first + _PIXEL_BYTES)
        if size != expected:
            raise FormatError(f"{what}: a batch has {expected:,} bytes, this one {size:,}")
        data = file.read(expected)
        if len(data) != expected:
            there = f"only {len(data):,} are there"
            raise FormatError(f"{what}: a batch has {expected:,} bytes, {there}")
        records = np.frombuffer(data, np.uint8).reshape(rows, -1)
        labels = records[:, :first].copy()
        for each, classes in zip(labels.T, self.classes, strict=True):
            if each.max() >= classes:
                row = int(each.argmax())
                raise FormatError(
                    f"{what}: labels must be 0..{classes - 1}, row {row} has {each[row]}"
                )
        images = records[:, first:].reshape(rows, 3, 32, 32).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(images), labels


def joined(parts: Mapping[str, Part], names: Sequence[str], label: int) -> Part:
    """The images of several files, and one of their labels (N,)."""
    images, labels = zip(*(parts[name] for name in names), strict=True)
    return np.concatenate(images), np.concatenate([each[:, label] for each in labels])
