"""CIFAR-10: 60,000 colour images of 32x32 pixels in 10 classes, from the binary version.

The archive holds six files of 10,000 records; a record is the label byte, then the red, green and
blue plane of 1,024 bytes each, in row order. The pickled "python version" is never read.
Source: https://www.cs.toronto.edu/~kriz/cifar.html
"""

import tarfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Literal, cast

import numpy as np
from numpy.typing import NDArray

from brasa.errors import FormatError
from brasa.files import open_regular

from .fetch import RemoteFile, data_dir, fetch
from .splits import TrainTest

CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

_ARCHIVE = RemoteFile(
    folder="cifar-10",
    name="cifar-10-binary.tar.gz",
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    mirrors=(
        "https://www.cs.toronto.edu/~kriz/",
        "https://cave.cs.toronto.edu/kriz/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
    ),
)
_UNPACKED = "cifar-10-batches-bin"
_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST = ("test_batch.bin",)
_ROWS = 10_000
_RECORD_BYTES = 1 + 3 * 32 * 32
_OTHER_BYTES = 1 << 20  # what the readme and the list of names may take

Part = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_cifar10() -> TrainTest:
    """CIFAR-10, ``(x, y), (x_test, y_test)``; 162 MB are fetched on first use.

    ``cifar-10-binary.tar.gz`` or the unpacked folder ``cifar-10-batches-bin`` is looked for in
    ``$BRASA_DATA/cifar-10`` and ``$BRASA_DATA``; :func:`brasa.datasets.data_dir` tells the default.
    Unlike Keras's, the labels have one axis. Names: ``brasa.datasets.CIFAR10_CLASSES``.

    Shapes:
        x uint8 (50000, 32, 32, 3), red first; y uint8 (50000,); x_test, y_test with 10000 rows

    Raises:
        ConnectionError: the file is not there and cannot be fetched; the message says what to do.
        ImportError: the file is not there and pooch is not installed.
        FormatError: the file is damaged or holds something else.

    Source: A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html
    """
    where = "load_cifar10"
    for folder in (data_dir() / "cifar-10" / _UNPACKED, data_dir() / _UNPACKED):
        if folder.is_dir():
            parts = _read_folder(folder, where)
            break
    else:
        parts = _read_archive(fetch(_ARCHIVE, where, flat=True), where)
    return _join(parts, _TRAIN), _join(parts, _TEST)


def _read_folder(folder: Path, where: str) -> dict[str, Part]:
    parts = {}
    for name in _TRAIN + _TEST:
        with open_regular(folder / name, where) as file:
            size = file.seek(0, 2)
            file.seek(0)
            parts[name] = _batch(file, size, f"{where}: {str(folder / name)!r}")
    return parts


def _read_archive(path: Path, where: str) -> dict[str, Part]:
    """Read the batches out of the archive as a stream; nothing is unpacked to the disk."""
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
                if member.isfile() and name in _TRAIN + _TEST and name not in parts:
                    content = cast(BinaryIO, stream.extractfile(member))
                    parts[name] = _batch(content, member.size, f"{what}: {name}")
                elif member.size > _OTHER_BYTES:
                    raise FormatError(f"{what}: the archive holds something else: {member.name!r}")
                if len(parts) == len(_TRAIN + _TEST):
                    break
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's, such as a file that may not be read
        advice = "delete the file and fetch it again"
        raise FormatError(f"{what}: the archive is damaged ({error}): {advice}") from None
    missing = [name for name in _TRAIN + _TEST if name not in parts]
    if missing:
        raise FormatError(
            f"{what}: {', '.join(missing)} missing: give the binary version, not the python one"
        )
    return parts


def _batch(file: BinaryIO, size: int, what: str) -> Part:
    expected = _ROWS * _RECORD_BYTES
    if size != expected:
        raise FormatError(f"{what}: a batch has {expected:,} bytes, this one {size:,}")
    data = file.read(expected)
    if len(data) != expected:
        raise FormatError(f"{what}: a batch has {expected:,} bytes, only {len(data):,} are there")
    records = np.frombuffer(data, np.uint8).reshape(_ROWS, _RECORD_BYTES)
    labels = records[:, 0].copy()
    if labels.max() > 9:
        row = int(labels.argmax())
        raise FormatError(f"{what}: labels must be 0..9, row {row} has {labels[row]}")
    images = records[:, 1:].reshape(_ROWS, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels


def _join(parts: dict[str, Part], names: tuple[str, ...]) -> Part:
    return (
        np.concatenate([parts[name][0] for name in names]),
        np.concatenate([parts[name][1] for name in names]),
    )
