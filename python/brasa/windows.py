"""Windows over a time series as batches, cut when they are asked for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brasa.arrays import to_array
from brasa.ops.arguments import at_least, whole
from brasa.seed import check_seed, generator, next_generator


class Windows:
    """Batches of windows ``data[i : i + length * rate : rate]``, with ``targets[i]`` if given.

    As a data set for ``fit``: it has a length, and batches by their number. The series is not
    copied; a batch is, when it is asked for.
    """

    def __init__(
        self,
        data: NDArray[Any],
        targets: NDArray[Any] | None,
        starts: NDArray[np.int64],
        offsets: NDArray[np.int64],
        batch_size: int,
        seed: int | None,
    ) -> None:
        self._data, self._targets, self._starts, self._offsets = data, targets, starts, offsets
        self._batch_size, self._seed = batch_size, seed
        self._epoch = -1
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self._starts) / self._batch_size)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} batches, got the number {index}")
        starts = self._order[index * self._batch_size :][: self._batch_size]
        x = self._data[starts[:, None] + self._offsets]
        return x if self._targets is None else (x, self._targets[starts])

    def on_epoch_end(self) -> None:
        """Another order, where there is one."""
        self._epoch += 1
        self._order = self._starts
        if self._seed is not None:
            self._order = generator(self._seed, self._epoch).permutation(self._starts)


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> Windows:
    """Windows over a time series, as batches for ``fit``, ``evaluate`` and ``predict``.

    Args:
        data: The series (T, ...).
        targets: What belongs to the window that begins at each step (at most T, ...): to foretell
            the step after a window, ``data[sequence_length * sampling_rate :]``. None: none.
        sequence_length: Steps in a window.
        sequence_stride: Steps from the beginning of a window to that of the next. Default 1.
        sampling_rate: Steps from one step of a window to the next. Default 1.
        batch_size: Windows in a batch; the last batch may have fewer. Default 128.
        shuffle: Whether the windows come in another order in every epoch. Default False.
        seed: Of these orders. Default one that ``set_seed`` decides.
        start_index, end_index: The part ``data[start_index:end_index]`` alone. Default all.

    Raises:
        ValueError: an argument is out of range, or no window fits. TypeError: of another type.

    >>> import numpy as np
    >>> from brasa.utils import timeseries_dataset_from_array
    >>> series = np.arange(10)
    >>> batches = timeseries_dataset_from_array(series, series[3:], 3, batch_size=2)
    >>> len(batches), batches[3]
    (4, (array([[6, 7, 8]]), array([9])))
    """
    op = "timeseries_dataset_from_array"
    series = to_array(op, "data", data)
    answers = None if targets is None else to_array(op, "targets", targets)
    steps = {
        "sequence_length": sequence_length,
        "sequence_stride": sequence_stride,
        "sampling_rate": sampling_rate,
        "batch_size": batch_size,
    }
    for name, value in steps.items():
        at_least(op, name, value, 1)
    start, end = _part(op, len(series), start_index, end_index)
    stop = end - (sequence_length - 1) * sampling_rate
    stop = stop if answers is None else min(stop, len(answers))
    if stop <= start:
        raise ValueError(
            f"{op}: no window of {sequence_length} steps, {sampling_rate} apart, fits into "
            f"{end - start} steps" + ("" if answers is None else f" with {len(answers)} targets")
        )
    starts = np.arange(start, stop, sequence_stride)
    offsets = np.arange(sequence_length) * sampling_rate
    if not shuffle:
        chosen = None
    elif seed is None:
        chosen = int(next_generator().integers(1 << 62))
    else:
        chosen = check_seed(op, seed)
    return Windows(series, answers, starts, offsets, batch_size, chosen)


def _part(op: str, T: int, start_index: int | None, end_index: int | None) -> tuple[int, int]:
    """The bounds of the part of T steps that windows may lie in."""
    start = 0 if start_index is None else whole(op, "start_index", start_index)
    end = T if end_index is None else whole(op, "end_index", end_index)
    if not 0 <= start < end <= T:
        raise ValueError(
            f"{op}: start_index and end_index must be bounds of a part of {T} steps, got {start} "
            f"and {end}"
        )
    return start, end
