"""Image files as batches, decoded when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .file_batches import FileBatches
from .folders import Files
from .pictures import decoded, in_color_mode
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


class ImageBatches(FileBatches):
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
        super().__init__(OP, files, reader, label_mode, batch_size, seed)
