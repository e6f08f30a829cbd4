"""Folders of image files, a class in each, as data sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brasa.ops.arguments import at_least, truth

from .folder_parts import one_of, parts, seed_of
from .folders import Files, check_split, find_files
from .image_batches import OP, ImageBatches, ImageReader
from .pictures import as_color_mode, as_size, pillow
from .resizing import cropped, padded

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_LABEL_MODES = ("int", "categorical", "binary", None)


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    color_mode: str = "rgb",
    batch_size: int = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    *,
    verbose: bool = True,
    dtype: str = "float32",
) -> Any:
    """Image files below a folder, as batches for ``fit``, ``evaluate`` and ``predict``.

    ``folder/cats/1.jpg`` is of the class "cats". Files are read when their batch is asked for, on
    all threads that :func:`brasa.runtime.threads` counts; nothing is kept. Files end in .bmp, .gif
    (the first picture), .jpeg, .jpg or .png. As in Keras, transparency is dropped where it is not
    asked for, and pictures are not turned by what their camera noted.

    The files, their classes, their order in ``file_paths`` for a seed, and so both parts of a
    split, are those of Keras. Training data come in another order in each epoch after the first.

    Args:
        directory: The folder.
        labels: "inferred", the default: each folder in there is a class. None: batches without
            classes. Or a list of whole numbers, one for each file in the order of their paths.
        label_mode: "int", for ``sparse_categorical_crossentropy``; "categorical", one-hot;
            "binary", 0 or 1 of two classes; None as ``labels=None``.
        class_names: The folders to take, in the order of their numbers. Default all, by name.
        color_mode: "grayscale", "rgb" or "rgba": 1, 3 or 4 channels.
        batch_size: Images in a batch; the last one may have fewer. Default 32.
        image_size: (height, width) that all images are brought to.
        shuffle: Whether to mix the classes. Without, files come in the order of their paths.
        seed: Of the order, below 2**32. Default one that ``set_seed`` decides.
        validation_split: The share of the files that is for validation.
        subset: "training" or "validation", with the same seed for both, or "both": a list of the
            two. Batches for validation come in one order in all epochs.
        interpolation: "bilinear" or "nearest", neither of which smooths, as in Keras.
        follow_links: Whether to look into folders that are links.
        crop_to_aspect_ratio: Take the largest part in the middle that has the ratio of
            ``image_size``, rather than distort.
        pad_to_aspect_ratio: Put the image in the middle of black of that ratio.
        verbose: Whether to print how many files there are.
        dtype: "float32", as Keras has it, or "uint8", rounded, in a quarter of the memory. Either
            way pixels are 0 .. 255: a model begins with ``layers.Rescaling(1 / 255)``.

    Shapes:
        x (N, height, width, C); y int32 (N,), float32 (N, classes) or float32 (N, 1)

    Returns:
        An :class:`ImageBatches`; a list of two for ``subset="both"``.

    Raises:
        FileNotFoundError: there is no such folder. TypeError, ValueError: of the arguments, or
            there are no images. ImportError: Pillow is not installed. A batch raises a FormatError
            that names the file that is damaged.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from brasa.utils import image_dataset_from_directory, save_img
    >>> folder = TemporaryDirectory()
    >>> for name in ("cats", "dogs"):
    ...     (Path(folder.name) / name).mkdir()
    ...     save_img(Path(folder.name, name, "1.png"), np.zeros((6, 8, 3)))
    >>> data = image_dataset_from_directory(folder.name, image_size=(4, 4))
    2 files of 2 classes
    >>> data.class_names, data[0][0].shape, sorted(data[0][1].tolist())
    (['cats', 'dogs'], (2, 4, 4, 3), [0, 1])
    >>> folder.cleanup()
    """
    pillow(OP)
    one_of(OP, "label_mode", label_mode, _LABEL_MODES)
    one_of(OP, "interpolation", interpolation, ("bilinear", "nearest"))
    one_of(OP, "dtype", dtype, ("float32", "uint8"))
    batch = at_least(OP, "batch_size", batch_size, 1)
    fit = _fit(crop_to_aspect_ratio, pad_to_aspect_ratio)
    reader = ImageReader(
        as_size(OP, "image_size", image_size),
        as_color_mode(OP, color_mode),
        interpolation,
        fit,
        dtype,
    )
    mixes = truth(OP, "shuffle", shuffle)
    check_split(OP, validation_split, subset, must_have_seed=mixes and seed is None)
    chosen = seed_of(OP, seed)

    def batches(files: Files, mode: str | None, seed: int | None) -> ImageBatches:
        return ImageBatches(files, reader, mode, batch, seed)

    follows = truth(OP, "follow_links", follow_links)
    labels = None if label_mode is None else labels
    files = find_files(OP, directory, labels, class_names, ENDINGS, follows)
    if not files.paths:
        raise ValueError(f"{OP}: no files in {directory!r} end in {', '.join(ENDINGS)}")
    order = chosen if mixes else None
    return parts(OP, files, label_mode, order, validation_split, subset, verbose, batches)


def _fit(crop_to_aspect_ratio: Any, pad_to_aspect_ratio: Any) -> Callable[..., Any] | None:
    """What brings an image to the ratio that is wanted, where it is not distorted."""
    crops = truth(OP, "crop_to_aspect_ratio", crop_to_aspect_ratio)
    pads = truth(OP, "pad_to_aspect_ratio", pad_to_aspect_ratio)
    if crops and pads:
        raise ValueError(f"{OP}: give crop_to_aspect_ratio or pad_to_aspect_ratio, not both")
    return cropped if crops else padded if pads else None
