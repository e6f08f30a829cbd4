"""Files in folders: which there are, which class each is of, and which are for validation."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.files import as_path
from brasa.ops.arguments import finite

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Files:
    """Files with the number and the name of their class, or without."""

    paths: list[str]
    labels: Labels | None
    class_names: list[str] | None

    def at(self, order: Any) -> Files:
        """Those with these numbers, in this order."""
        labels = None if self.labels is None else self.labels[order]
        return Files([self.paths[i] for i in order], labels, self.class_names)


def find_files(
    op: str,
    directory: Any,
    labels: Any,
    class_names: Any,
    endings: Sequence[str],
    follow_links: bool,
) -> Files:
    """The files below a folder, class by class, in the order of their names, as Keras lists them.

    Args:
        op: What errors call it.
        directory: The folder.
        labels: "inferred": a class for each folder in there. None: none. Else a number for each.
        class_names: The folders to take, in the order of their numbers. Default all, sorted.
        endings: Of the names of the files to take, lower case.
        follow_links: Whether to look into folders that are links.
    """
    folder = as_path(directory, op)
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        kind = NotADirectoryError if folder.exists() else FileNotFoundError
        raise kind(f"{op}: directory {str(folder)!r} {what}")
    if labels is None or not isinstance(labels, str):
        if class_names is not None:
            raise ValueError(f"{op}: class_names is for labels='inferred': folders have names")
        paths = list(_walk(folder, endings, follow_links))
        if labels is None:
            return Files(paths, None, None)
        numbers = _as_numbers(op, labels, len(paths), folder)
        return Files(paths, numbers, [str(label) for label in sorted(set(numbers.tolist()))])
    if labels != "inferred":
        raise ValueError(f"{op}: labels must be 'inferred', None or whole numbers, got {labels!r}")
    names = _class_names(op, folder, class_names)
    groups = [list(_walk(folder / name, endings, follow_links)) for name in names]
    counts = [len(group) for group in groups]
    numbers = np.repeat(np.arange(len(names), dtype=np.int32), counts)
    return Files([path for group in groups for path in group], numbers, names)


def shuffled(files: Files, seed: int) -> Files:
    """In the order that Keras brings them to with this seed, so that both split them alike."""
    order = np.arange(len(files.paths))
    np.random.RandomState(seed).shuffle(order)
    return files.at(order)


def split(op: str, files: Files, share: float) -> tuple[Files, Files]:
    """All but the last ``int(share * N)`` files, and these."""
    N = len(files.paths)
    count = int(share * N)
    if count == 0:
        raise ValueError(f"{op}: validation_split={share} of {N} files is none for validation")
    return files.at(range(N - count)), files.at(range(N - count, N))


def check_split(op: str, share: Any, subset: Any, must_have_seed: bool) -> None:
    """ValueError for a part of a split that is not there, or that would overlap with the other."""
    if subset not in (None, "training", "validation", "both"):
        raise ValueError(f"{op}: subset must be 'training', 'validation' or 'both', got {subset!r}")
    if (share is None) != (subset is None):
        given, missing = (
            ("subset", "validation_split") if share is None else ("validation_split", "subset")
        )
        raise ValueError(f"{op}: {given} also wants {missing}")
    if share is None:
        return
    if not 0 < finite(op, "validation_split", share) < 1:
        raise ValueError(f"{op}: validation_split must lie between 0 and 1, got {share}")
    if must_have_seed and subset != "both":
        raise ValueError(
            f"{op}: {subset!r} of shuffled files wants a seed, or training and validation would "
            "have files in common"
        )


def _class_names(op: str, folder: Path, chosen: Any) -> list[str]:
    found = sorted(
        entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name[0] != "."
    )
    if chosen is None:
        return found
    if isinstance(chosen, str):
        raise TypeError(f"{op}: class_names must be a list of names of folders, got {chosen!r}")
    names = list(chosen)
    missing = [name for name in names if name not in found]
    if missing or len(set(names)) != len(names):
        what = f"there is no folder {missing[0]!r}" if missing else "one name stands there twice"
        raise ValueError(f"{op}: class_names: {what}; the folders are {found}, got {names}")
    return names


def _as_numbers(op: str, labels: Any, wanted: int, folder: Path) -> Labels:
    numbers = np.asarray(labels)
    if numbers.dtype.kind not in "iu":
        raise TypeError(f"{op}: labels must be whole numbers, got {numbers.dtype}")
    if numbers.shape != (wanted,):
        raise ValueError(
            f"{op}: labels must be one for each of the {wanted} files in {str(folder)!r}, got the "
            f"shape {numbers.shape}"
        )
    if numbers.size and numbers.min() < 0:
        raise ValueError(f"{op}: labels must be >= 0, got {numbers.min()}")
    return numbers.astype(np.int32)


def _walk(folder: Path, endings: Sequence[str], follow_links: bool) -> Iterator[str]:
    """The files below a folder: folder by folder, both in the order of their names."""
    found = []
    for root, folders, names in os.walk(folder, followlinks=follow_links):
        if follow_links:  # not into a folder from within itself
            here = Path(root).resolve()
            folders[:] = [
                name for name in folders if not here.is_relative_to(Path(root, name).resolve())
            ]
        found.append((root, sorted(names)))
    for root, names in sorted(found):
        for name in names:
            if name.lower().endswith(tuple(endings)):
                yield str(Path(root, name))
