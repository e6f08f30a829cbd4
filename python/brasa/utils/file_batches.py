"""Files as batches, read when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.runtime import threads
from brasa.seed import generator

from .folders import Files
from .py_dataset import PyDataset


class FileBatches(PyDataset):
    """Batches of what files hold, and of their classes if there are any.

    ``_stack`` makes a batch of what ``read`` gives for each path. ``class_names``, ``file_paths``
    and ``labels`` are as :class:`ImageBatches` describes them.
    """

    def __init__(
        self,
        op: str,
        files: Files,
        read: Callable[[str], Any],
        label_mode: str | None,
        batch_size: int,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self.file_paths, self.labels, self.class_names = (
            files.paths,
            files.labels,
            files.class_names,
        )
        self._reader, self._batch_size, self._seed = read, batch_size, seed
        self._targets = _targets(op, files, label_mode)
        self._epoch = 0
        self._order = np.arange(len(files.paths))

    def __len__(self) -> int:
        return math.ceil(len(self.file_paths) / self._batch_size)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} batches, got the number {index}")
        chosen = self._order[index * self._batch_size :][: self._batch_size]
        x = self._stack(self._read([self.file_paths[i] for i in chosen]))
        return x if self._targets is None else (x, self._targets[chosen])

    def on_epoch_end(self) -> None:
        """Another order, where there is one."""
        self._epoch += 1
        if self._seed is not None:
            self._order = generator(self._seed, self._epoch).permutation(len(self.file_paths))

    def _stack(self, values: list[Any]) -> NDArray[Any]:
        return np.stack(values)

    def _read(self, paths: list[str]) -> list[Any]:
        """All files of a batch, side by side: decoders and the system do not hold Python's lock."""
        workers = min(threads(), len(paths))
        if workers == 1:
            return [self._reader(path) for path in paths]
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(self._reader, paths))


def _targets(op: str, files: Files, label_mode: str | None) -> NDArray[Any] | None:
    """What a loss takes: class numbers, one-hot rows or a column of 0 and 1."""
    if files.labels is None or files.class_names is None or label_mode is None:
        return None
    C = len(files.class_names)
    if label_mode == "binary" and C != 2:
        raise ValueError(
            f"{op}: label_mode='binary' is for 2 classes, got {C}: {files.class_names}"
        )
    largest = int(files.labels.max())
    if label_mode != "int" and largest >= C:
        raise ValueError(
            f"{op}: labels of {C} classes must be 0 .. {C - 1} for label_mode={label_mode!r}, "
            f"got {largest}"
        )
    if label_mode == "categorical":
        return np.eye(C, dtype=np.float32)[files.labels]
    return files.labels[:, None].astype(np.float32) if label_mode == "binary" else files.labels
