"""Sequences as arrays: padded to one length, in batches of similar length, or as long streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# How many lengths batches have where the caller names none: each is a plan of its own.
_BUCKETS = 8


class Batch(NamedTuple):
    """What ``model.train_on_batch(*batch)`` takes.

    Attributes:
        x: Sequences of about one length (N, T, ...).
        y: What belongs to them, or None.
        sample_weight: 0 for the steps that fill up shorter ones, else 1; or None.
    """

    x: Array
    y: Array | None = None
    sample_weight: Array | None = None


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = None,
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0,
) -> Array:
    """Sequences of different lengths as one array ``(N, T)``, or ``(N, T, D)`` with features.

    Args:
        sequences: Lists or arrays.
        maxlen: T. Default the longest.
        dtype: Of the result. Default int32 for whole numbers, else float32.
        padding: Where short sequences are filled up: "pre" or "post".
        truncating: Where long ones are cut: "pre" or "post".
        value: What they are filled with. Default 0.

    Raises:
        ValueError: features of different sizes, or an argument is out of range.
        TypeError: a sequence is none, or holds no numbers.

    Example:
        >>> pad_sequences([[1, 2, 3], [4]])
        array([[1, 2, 3],
               [0, 0, 4]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f"pad_sequences: {name} must be 'pre' or 'post', got {side!r}")
    rows = _rows("pad_sequences", sequences)
    filled = [row for row in rows if row.size]
    shapes = {row.shape[1:] for row in filled}
    if len(shapes) > 1:
        raise ValueError(f"pad_sequences: the features have different sizes: {sorted(shapes)}")
    if maxlen is None:
        maxlen = max(map(len, rows), default=0)
    elif isinstance(maxlen, bool) or not isinstance(maxlen, (int, np.integer)):
        raise TypeError(f"pad_sequences: maxlen must be a whole number, got {maxlen!r}")
    elif maxlen < 1:
        raise ValueError(f"pad_sequences: maxlen must be >= 1, got {maxlen}")
    if dtype is None:
        dtype = _dtype_for("pad_sequences", filled)
    result = np.full((len(rows), maxlen, *next(iter(shapes), ())), value, dtype)
    for target, row in zip(result, rows, strict=True):
        kept = row[-maxlen:] if truncating == "pre" else row[:maxlen]
        if kept.size:
            target[slice(maxlen - len(kept), None) if padding == "pre" else slice(len(kept))] = kept
    return result


def bucket_by_length(
    sequences: Sequence[Any],
    y: Any = None,
    batch_size: int = 32,
    boundaries: Sequence[int] | None = None,
    per_step: bool = False,
    padding: str = "pre",
    value: float = 0,
    seed: int | None = None,
) -> list[Batch]:
    """Batches of sequences of similar length, so that little of a batch is padding.

    Args:
        sequences: Lists or arrays of different lengths.
        y: One target for each sequence, or with ``per_step`` one for each of its steps.
        batch_size: Sequences in a batch; the last one of a length may be smaller.
        boundaries: The lengths that batches are padded to, each the end of a bucket. Default at
            most eight, chosen so that the buckets hold equally many sequences.
        per_step: ``y`` holds sequences as long as the data. They are padded with 0, and the batches
            get a sample_weight of 0 where there is padding.
        padding: Where short sequences are filled up: "pre" or "post".
        value: What they are filled with. Default 0.
        seed: Shuffles the sequences of a bucket, and the batches; another one for each epoch.
            Default None: in the order of length.

    Raises:
        ValueError: lengths that do not fit, or an argument is out of range.
        TypeError: a sequence is none, or holds no numbers.

    Example:
        >>> for x, *_ in bucket_by_length([[1], [2, 3], [4], [5, 6]], batch_size=2):
        ...     print(x.tolist())
        [[1], [4]]
        [[2, 3], [5, 6]]
    """
    op = "bucket_by_length"
    rows = _rows(op, sequences)
    lengths = np.array([len(row) for row in rows], np.int64)
    if batch_size < 1:
        raise ValueError(f"{op}: batch_size must be >= 1, got {batch_size}")
    targets = None if y is None else _targets(op, y, lengths, per_step)
    ends = _ends(op, lengths, boundaries)
    random = None if seed is None else np.random.RandomState(seed)
    groups: list[tuple[int, Array]] = []
    for end, members in zip(ends, _members(lengths, ends), strict=True):
        order = members if random is None else random.permutation(members)
        groups += [(end, order[at : at + batch_size]) for at in range(0, len(order), batch_size)]
    if random is not None:
        groups = [groups[i] for i in random.permutation(len(groups))]
    dtype = _dtype_for(op, [row for row in rows if row.size])

    def batch(end: int, chosen: Array) -> Batch:
        x = pad_sequences([rows[i] for i in chosen], end, dtype, padding, value=value)
        if targets is None:
            return Batch(x)
        if not per_step:
            return Batch(x, np.stack([targets[i] for i in chosen]))
        counts = [np.ones(lengths[i], np.float32) for i in chosen]
        labels = pad_sequences([targets[i] for i in chosen], end, None, padding)
        return Batch(x, labels, pad_sequences(counts, end, np.float32, padding))

    return [batch(end, chosen) for end, chosen in groups]


def stateful_batches(ids: Any, batch_size: int, steps: int) -> tuple[Array, Array]:
    """A long sequence cut for truncated backpropagation: ``x, y`` for a stateful network.

    The sequence becomes ``batch_size`` streams side by side. Row i of each batch goes on where row
    i of the batch before ended, and ``y`` is ``x`` one step ahead:
    ``model.fit(x, y, batch_size=batch_size, shuffle=False)``. What fills no batch at the end is
    left out.

    Shapes:
        ids (length,); x and y (batches * batch_size, steps)

    Raises:
        ValueError: the sequence is too short, or no single row. TypeError: a number is not whole.

    Example:
        >>> x, y = stateful_batches(range(13), batch_size=2, steps=3)
        >>> x
        array([[ 0,  1,  2],
               [ 6,  7,  8],
               [ 3,  4,  5],
               [ 9, 10, 11]])
        >>> y[0]
        array([1, 2, 3])
    """
    op = "stateful_batches"
    for name, number in (("batch_size", batch_size), ("steps", steps)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
            raise TypeError(f"{op}: {name} must be a whole number, got {number!r}")
        if number < 1:
            raise ValueError(f"{op}: {name} must be >= 1, got {number}")
    row = np.asarray(ids)
    if row.ndim != 1:
        raise ValueError(f"{op}: ids must be one row of numbers, got the shape {row.shape}")
    batches = (len(row) - 1) // (batch_size * steps)
    if batches < 1:
        raise ValueError(
            f"{op}: {batch_size} streams of {steps} steps need {batch_size * steps + 1} numbers, "
            f"there are {len(row)}"
        )
    count = batches * batch_size * steps

    def cut(part: Array) -> Array:
        streams = part.reshape(batch_size, batches, steps)
        return np.ascontiguousarray(streams.swapaxes(0, 1)).reshape(-1, steps)

    return cut(row[:count]), cut(row[1 : count + 1])


def _rows(op: str, sequences: Any) -> list[Array]:
    if isinstance(sequences, str) or not hasattr(sequences, "__len__"):
        raise TypeError(f"{op}: sequences must be a list of sequences, got {sequences!r}")
    rows = []
    for number, sequence in enumerate(sequences):
        try:
            row = np.asarray(sequence)
        except ValueError as error:
            raise ValueError(f"{op}: sequence {number} is not regular: {error}") from None
        rows.append(row)
        if row.ndim == 0:
            raise TypeError(f"{op}: sequence {number} is no sequence: {sequences[number]!r}")
        if row.dtype.kind not in "biuf":
            raise TypeError(f"{op}: sequence {number} holds {row.dtype}, not numbers")
    return rows


def _dtype_for(op: str, rows: Sequence[Array]) -> Any:
    if any(row.dtype.kind == "f" for row in rows):
        return np.float32
    limits = np.iinfo(np.int32)
    for row in rows:
        if row.min() < limits.min or row.max() > limits.max:
            raise ValueError(f"{op}: a number does not fit into int32: give a dtype")
    return np.int32


def _targets(op: str, y: Any, lengths: Array, per_step: bool) -> list[Array]:
    targets = [np.asarray(target) for target in y]
    if len(targets) != len(lengths):
        raise ValueError(f"{op}: there are {len(lengths)} sequences, y has {len(targets)} entries")
    if per_step:
        for number, (target, length) in enumerate(zip(targets, lengths, strict=True)):
            if target.ndim == 0 or len(target) != length:
                raise ValueError(
                    f"{op}: sequence {number} has {length} steps, its y the shape {target.shape}"
                )
    return targets


def _ends(op: str, lengths: Array, boundaries: Sequence[int] | None) -> list[int]:
    longest = int(lengths.max(initial=1))
    if boundaries is None:
        shares = np.linspace(0, 1, _BUCKETS + 1)[1:]
        chosen = np.quantile(np.append(lengths, longest), shares, method="higher")
        return sorted({max(int(end), 1) for end in chosen})
    ends = [int(end) for end in boundaries]
    if not ends or ends[0] < 1 or ends != sorted(set(ends)):
        raise ValueError(f"{op}: boundaries must rise from 1 or more, got {list(boundaries)}")
    if longest > ends[-1]:
        raise ValueError(
            f"{op}: a sequence has {longest} steps, the last boundary is {ends[-1]}: add one, or "
            "cut the sequences"
        )
    return ends


def _members(lengths: Array, ends: Sequence[int]) -> list[Array]:
    """The sequences that belong to each boundary: those not longer, but for the boundary before."""
    bucket = np.searchsorted(ends, lengths)
    return [np.flatnonzero(bucket == number) for number in range(len(ends))]
