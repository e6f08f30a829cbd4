"""Image files as batches, decoded when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.runtime import threads
from brasa.seed import generator

from .folders import Files
from .pictures import decoded, in_color_mode
from .py_dataset import PyDataset
from .resizing import Size, resized

OP = "image_dataset_from_directory"


@dataclass(frozen=True)
class ImageReader:
    """From the path of a file to its pixels (H, W, C), all of one size."""

    size: Size
    color_mode: str
    interpolation: str
    fit: Callable[[NDArray[Any], Size], NDArray[Any]] | None
    dtype: str

    def __call__(self, path: str) -> NDArray[Any]:
        picture = in_color_mode(decoded(OP, path), self.color_mode)
        pixels = np.asarray(picture)
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        if self.fit is not None:
            pixels = self.fit(pixels, self.size)
        values = resized(pixels, self.size, self.interpolation)
        return np.rint(values).astype(np.uint8) if self.dtype == "uint8" else values


class ImageBatches(PyDataset):
    """Batches of images, and of their classes if there are any: what ``fit`` takes.

    Attributes:
        class_names: The names of the classes, in the order of their numbers; None without.
        file_paths: The files, in the order of the first epoch.
        labels: The numbers of the classes of these, int32 (N,); None without.
    """

    def __init__(
        self,
        files: Files,
        reader: ImageReader,
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
        self._reader, self._batch_size, self._seed = reader, batch_size, seed
        self._targets = _targets(files, label_mode)
        self._epoch = 0
        self._order = np.arange(len(files.paths))

    def __len__(self) -> int:
        return math.ceil(len(self.file_paths) / self._batch_size)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} batches, got the number {index}")
        chosen = self._order[index * self._batch_size :][: self._batch_size]
        x = self._read([self.file_paths[i] for i in chosen])
        return x if self._targets is None else (x, self._targets[chosen])

    def on_epoch_end(self) -> None:
        """Another order, where there is one."""
        self._epoch += 1
        if self._seed is not None:
            self._order = generator(self._seed, self._epoch).permutation(len(self.file_paths))

    def _read(self, paths: list[str]) -> NDArray[Any]:
        """All images of a batch; decoders run side by side, as they do not hold Python's lock."""
        workers = min(threads(), len(paths))
        if workers == 1:
            return np.stack([self._reader(path) for path in paths])
        with ThreadPoolExecutor(workers) as pool:
            return np.stack(list(pool.map(self._reader, paths)))


def _targets(files: Files, label_mode: str | None) -> NDArray[Any] | None:
    """What a loss takes: class numbers, one-hot rows or a column of 0 and 1."""
    if files.labels is None or files.class_names is None or label_mode is None:
        return None
    C = len(files.class_names)
    if label_mode == "binary" and C != 2:
        raise ValueError(
            f"{OP}: label_mode='binary' is for 2 classes, got {C}: {files.class_names}"
        )
    largest = int(files.labels.max())
    if label_mode != "int" and largest >= C:
        raise ValueError(
            f"{OP}: labels of {C} classes must be 0 .. {C - 1} for label_mode={label_mode!r}, "
            f"got {largest}"
        )
    if label_mode == "categorical":
        return np.eye(C, dtype=np.float32)[files.labels]
    return files.labels[:, None].astype(np.float32) if label_mode == "binary" else files.labels
