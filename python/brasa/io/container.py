"""The ``.brasa`` file: a safetensors file whose metadata says how to rebuild the model.

``__metadata__`` holds ``brasa.format`` (the version, "1"), ``brasa.config`` (the architecture as
JSON) and any further strings. Any safetensors reader can open it. Nothing in it is ever executed:
there is no pickle, and no name from the file is imported.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from numpy.typing import NDArray

from brasa.errors import FormatError
from brasa.files import AnyPath, as_path

from .tensors import Strings, Tensors, read_tensors, write_tensors

FORMAT_VERSION = 1
_FORMAT, _CONFIG = "brasa.format", "brasa.config"


@dataclass(frozen=True)
class Container:
    """What a ``.brasa`` file holds.

    Attributes:
        config: The architecture, as it was given to :func:`write` (tuples come back as lists).
        tensors: Arrays by name, in the order in which they were written; writable copies.
        metadata: The further strings of the file.
        version: The format version of the file.
    """

    config: dict[str, Any]
    tensors: Tensors
    metadata: Strings
    version: int


def write(
    path: AnyPath,
    config: dict[str, Any],
    tensors: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a ``.brasa`` file; the same content gives the same bytes.

    The file takes its name only when it is complete and on the disk, so an interrupted call leaves
    the old file as it was.

    Args:
        path: Where to write: str, bytes or a path object. Its folder must exist.
        config: The architecture: dicts with str keys, lists, tuples, str, int, float, bool, None.
        tensors: Arrays by name, of any shape; bool, integer, or float of 16, 32 or 64 bit.
        metadata: Further strings to keep.

    Raises:
        TypeError: config, a name, an array or a metadata entry is of a type that cannot be stored.
        ValueError: a reserved name, or config holds NaN or infinity or is nested too deeply.
        OSError: the folder is missing or not writable, or the disk is full.

    Example:
        >>> import os, tempfile
        >>> import numpy as np
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.brasa")
        ...     write(path, {"layers": ["Dense"]}, {"w": np.zeros((2, 3), np.float32)})
        ...     read(path).tensors["w"].shape
        (2, 3)
    """
    where = "brasa.io.write"
    if not isinstance(config, dict):
        raise TypeError(f"{where}: config must be a dict, got {type(config).__name__}")
    try:
        _require_json(config, f"{where}: config")
        text = json.dumps(config, allow_nan=False)
    except RecursionError:
        raise ValueError(f"{where}: config is nested too deeply or contains itself") from None
    strings = {_FORMAT: str(FORMAT_VERSION), _CONFIG: text}
    reserved = strings.keys() & (metadata or {}).keys()
    if reserved:
        raise ValueError(f"{where}: metadata may not hold {min(reserved)!r}: brasa writes it")
    write_tensors(path, tensors, {**strings, **(metadata or {})}, where)


def read(path: AnyPath) -> Container:
    """Read a ``.brasa`` file, checking every length, range and name before using it.

    Raises:
        FormatError: the file is damaged, of another format, or written by a newer brasa.
        OSError: the file is missing or may not be read.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from brasa import io
    >>> folder = TemporaryDirectory()
    >>> path = Path(folder.name) / "some.brasa"
    >>> io.write(path, {"layers": 2}, {"w": np.ones(3, np.float32)})
    >>> found = io.read(path)
    >>> found.config, found.tensors["w"]
    ({'layers': 2}, array([1., 1., 1.], dtype=float32))
    >>> folder.cleanup()
    """
    where = "brasa.io.read"
    tensors, strings = read_tensors(path, where, _check_version)
    version = int(strings.pop(_FORMAT))
    try:
        config = _config(strings.pop(_CONFIG, None))
    except FormatError as error:
        raise FormatError(f"{where}: {str(as_path(path, where))!r}: {error}") from None
    return Container(config, tensors, strings, version)


def _check_version(strings: Strings) -> None:
    version = strings.get(_FORMAT)
    if version is None:
        raise FormatError(
            f"the metadata has no {_FORMAT}: these are tensors without a brasa model; "
            "read them with brasa.io.read_tensors and give them to model.set_weights"
        )
    if not (version.isascii() and version.isdigit() and len(version) < 10 and int(version) > 0):
        raise FormatError(f"{_FORMAT} must be a positive integer, got {version[:20]!r}")
    if int(version) > FORMAT_VERSION:
        raise FormatError(
            f"written by a newer brasa (format {version}; this one reads up to {FORMAT_VERSION}): "
            "pip install --upgrade brasa"
        )


def _config(text: str | None) -> dict[str, Any]:
    if text is None:
        raise FormatError(f"the metadata entry {_CONFIG} is missing")
    try:
        config = json.loads(text, parse_constant=_not_finite)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"the metadata entry {_CONFIG} is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise FormatError(f"the metadata entry {_CONFIG} must be a JSON object")
    return config


def _not_finite(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _require_json(value: object, what: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{what} has the key {key!r}: keys must be str")
            _require_json(item, f"{what}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _require_json(item, f"{what}[{index}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{what} is {value}: JSON has only finite numbers")
    elif not (value is None or isinstance(value, (str, int, float))):
        raise TypeError(
            f"{what} is a {type(value).__name__}: "
            "only dict, list, tuple, str, int, float, bool and None can be stored"
        )
