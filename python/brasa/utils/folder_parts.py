"""What data sets of folders have in common: their seed, and their parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brasa.ops.arguments import whole
from brasa.seed import next_generator

from .file_batches import FileBatches
from .folders import Files, shuffled, split

_SEEDS = 1 << 32


def parts(
    op: str,
    files: Files,
    label_mode: str | None,
    order: int | None,
    share: float | None,
    subset: str | None,
    verbose: bool,
    batches: Callable[[Files, str | None, int | None], FileBatches],
) -> Any:
    """All files as batches, or those for training, for validation, or a list of both.

    ``order`` is the seed of the order, None where files stay as they are; ``batches(files,
    label_mode, seed)`` makes the data set of a part.
    """
    if verbose:
        classes = "" if files.class_names is None else f" of {len(files.class_names)} classes"
        print(f"{len(files.paths)} files{classes}")
    files = files if order is None else shuffled(files, order)
    mode = label_mode if files.labels is not None else None
    if subset is None:
        return batches(files, mode, order)
    assert share is not None
    training, validation = split(op, files, share)
    both = [batches(training, mode, order), batches(validation, mode, None)]
    return both if subset == "both" else both[subset == "validation"]


def seed_of(op: str, value: Any) -> int:
    """A seed that NumPy's older generator takes, too."""
    if value is None:
        return int(next_generator().integers(_SEEDS))
    seed = whole(op, "seed", value)
    if not 0 <= seed < _SEEDS:
        raise ValueError(f"{op}: seed must be >= 0 and below 2**32, got {seed}")
    return seed


def one_of(op: str, name: str, value: Any, known: tuple[Any, ...]) -> None:
    """ValueError for a value that is none of those known."""
    if value not in known:
        choices = ", ".join(map(repr, known))
        raise ValueError(f"{op}: {name} must be one of {choices}, got {value!r}")
