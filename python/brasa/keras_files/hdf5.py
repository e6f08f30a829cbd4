"""The arrays of an HDF5 file of Keras 3, and files like it.

Groups and datasets that lie in the file itself are all that is followed: no links, no data
elsewhere.
What a dataset holds is read only where its shape is the wanted one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.errors import FormatError

MAGIC = b"\x89HDF\r\n\x1a\n"

# What damaged files make h5py raise.
_DAMAGES = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError)


def h5py_for(where: str) -> Any:
    """The package; ImportError says how to get it."""
    try:
        import h5py
    except ImportError:
        raise ImportError(f"{where}: needs h5py: pip install 'brasa[keras]'") from None
    return h5py


class Arrays:
    """The datasets of an open file by their paths, ``layers/dense/vars/0``; see ``opened``."""

    def __init__(self, file: Any, h5py: Any) -> None:
        self._h5py = h5py
        self._found = dict(self._datasets(file, ""))

    def _datasets(self, group: Any, start: str) -> Iterator[tuple[str, Any]]:
        for name in group:
            kind = group.get(name, getclass=True, getlink=True)
            if kind is not self._h5py.HardLink:
                raise FormatError(f"{start}{name} is a link: only what lies in the file is read")
            item = group[name]
            if isinstance(item, self._h5py.Group):
                if start.count("/") >= _DEEPEST:
                    raise FormatError(f"the groups are nested too deeply: {start}{name}")
                yield from self._datasets(item, f"{start}{name}/")
            elif isinstance(item, self._h5py.Dataset):
                yield f"{start}{name}", item

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __contains__(self, path: str) -> bool:
        return path in self._found

    def shape(self, path: str) -> tuple[int, ...]:
        """The shape of one of them."""
        shape = self._found[path].shape
        return tuple(shape or ())

    def read(self, path: str) -> NDArray[Any]:
        """The values of one of them; FormatError where they are no numbers."""
        dataset = self._found[path]
        if dataset.external or dataset.is_virtual:
            raise FormatError(f"{path} has its values in another file: they are not read")
        if dataset.dtype.kind not in "fiu" or dataset.attrs.get("dtype") == "bfloat16":
            raise FormatError(
                f"{path} has the type {dataset.attrs.get('dtype', dataset.dtype)}: wanted floats "
                "of 16, 32 or 64 bit, or integers"
            )
        return np.asarray(dataset[()])


# Layers in models in layers: each has three groups or so.
_DEEPEST = 100


@contextmanager
def opened(data: Any, where: str) -> Iterator[Arrays]:
    """The arrays of a file, while the block runs; FormatError where it is damaged."""
    h5py = h5py_for(where)
    try:
        with h5py.File(data, "r") as file:
            if "layer_names" in file.attrs or "model_weights" in file:
                raise FormatError(
                    "an HDF5 file of Keras 2: load it there and write it by "
                    "model.save_weights('x.weights.h5') of Keras 3"
                )
            yield Arrays(file, h5py)
    except FormatError:
        raise
    except _DAMAGES as error:
        raise FormatError(f"no HDF5 file, or damaged: {error}") from None


def packed(groups: Mapping[str, Mapping[str, NDArray[Any]]], where: str) -> bytes:
    """The bytes of a file with these arrays by group; a group may be empty."""
    h5py = h5py_for(where)
    data = BytesIO()
    with h5py.File(data, "w") as file:
        for name, arrays in groups.items():
            group = file.require_group(name)
            for key, array in arrays.items():
                group.create_dataset(key, data=array)
    return data.getvalue()
