"""Folders of text files, a class in each, as data sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.errors import FormatError
from brasa.ops.arguments import at_least, truth

from .file_batches import FileBatches
from .folder_parts import one_of, parts, seed_of
from .folders import Files, check_split, find_files
from .py_dataset import PyDataset

OP = "text_dataset_from_directory"


@dataclass(frozen=True)
class TextReader:
    """From the path of a file to its text, line ends as they are, or its first characters."""

    max_length: int | None

    def __call__(self, path: str) -> str:
        try:
            text = Path(path).read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError(f"{OP}: {path!r} is not UTF-8: {error.reason}") from error
        return text[: self.max_length]


class TextBatches(FileBatches):
    """Batches of texts, object arrays (N,) of ``str``, and of their classes if there are any.

    Attributes:
        class_names: The names of the classes, in the order of their numbers; None without.
        file_paths: The files, in the order of the first epoch.
        labels: The numbers of the classes of these, int32 (N,); None without.
    """

    def _stack(self, values: list[Any]) -> NDArray[Any]:
        return np.array(values, object)

    def map(self, function: Callable[..., Any]) -> PyDataset:
        """The batches that ``function(x, y)`` makes of these, or ``function(x)`` without classes.

        Raises:
            TypeError: ``function`` cannot be called.
        """
        if not callable(function):
            raise TypeError(f"{type(self).__name__}.map: function must be one, got {function!r}")
        return _Mapped(self, function)


class _Mapped(PyDataset):
    def __init__(self, batches: TextBatches, function: Callable[..., Any]) -> None:
        super().__init__()
        self._batches, self._function = batches, function

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Any:
        batch = self._batches[index]
        return self._function(*batch) if isinstance(batch, tuple) else self._function(batch)

    def on_epoch_end(self) -> None:
        self._batches.on_epoch_end()


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    batch_size: int = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    *,
    verbose: bool = True,
) -> Any:
    """Files that end in .txt below a folder, as batches of texts.

    ``folder/good/1.txt`` is of the class "good". Files are UTF-8, read when their batch is asked
    for. Models take numbers: ``map`` makes them of the texts of each batch. The files, their
    classes, their order in ``file_paths`` for a seed, and so both parts of a split, are those of
    Keras. Training data come in another order in each epoch after the first.

    Args:
        directory: The folder.
        labels: "inferred", the default: each folder in there is a class. None: batches without
            classes. Or a list of whole numbers, one for each file in the order of their paths.
        label_mode: "int", "categorical" (one-hot), "binary" (0 or 1 of two classes), or None.
        class_names: The folders to take, in the order of their numbers. Default all, by name.
        batch_size: Texts in a batch; the last one may have fewer. Default 32.
        max_length: The characters of a text to keep. Default all.
        shuffle: Whether to mix the classes. Without, files come in the order of their paths.
        seed: Of the order, below 2**32. Default one that ``set_seed`` decides.
        validation_split: The share of the files that is for validation.
        subset: "training" or "validation", with the same seed for both, or "both": a list of two.
        follow_links: Whether to look into folders that are links.
        verbose: Whether to print how many files there are.

    Shapes:
        x (N,) of str; y int32 (N,), float32 (N, classes) or float32 (N, 1)

    Returns:
        A :class:`TextBatches`; a list of two for ``subset="both"``.

    Raises:
        FileNotFoundError: there is no such folder. TypeError, ValueError: of the arguments, or
            there are no texts. A batch raises a FormatError that names a file that is not UTF-8.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from brasa.utils import text_dataset_from_directory
    >>> folder = TemporaryDirectory()
    >>> for name, text in (("bad", "dull"), ("good", "a joy")):
    ...     (Path(folder.name) / name).mkdir()
    ...     _ = Path(folder.name, name, "1.txt").write_text(text)
    >>> data = text_dataset_from_directory(folder.name, shuffle=False)
    2 files of 2 classes
    >>> [part.tolist() for part in data[0]]
    [['dull', 'a joy'], [0, 1]]
    >>> lengths = data.map(lambda x, y: (np.array([[len(text)] for text in x]), y))
    >>> lengths[0][0].tolist()
    [[4], [5]]
    >>> folder.cleanup()
    """
    one_of(OP, "label_mode", label_mode, ("int", "categorical", "binary", None))
    batch = at_least(OP, "batch_size", batch_size, 1)
    limit = None if max_length is None else at_least(OP, "max_length", max_length, 1)
    mixes = truth(OP, "shuffle", shuffle)
    check_split(OP, validation_split, subset, must_have_seed=mixes and seed is None)
    chosen = seed_of(OP, seed)

    def batches(files: Files, mode: str | None, seed: int | None) -> TextBatches:
        return TextBatches(OP, files, TextReader(limit), mode, batch, seed)

    follows = truth(OP, "follow_links", follow_links)
    labels = None if label_mode is None else labels
    files = find_files(OP, directory, labels, class_names, (".txt",), follows)
    if not files.paths:
        raise ValueError(f"{OP}: no files in {directory!r} end in .txt")
    order = chosen if mixes else None
    return parts(OP, files, label_mode, order, validation_split, subset, verbose, batches)
