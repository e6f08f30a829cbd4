"""Arrays in two parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from brasa.arrays import to_array
from brasa.ops.arguments import number, truth, whole
from brasa.seed import check_seed, generator, next_generator

_OP = "split_dataset"


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Any, Any]:
    """Two parts of the rows of arrays, such as for training and validation.

    Args:
        dataset: An array (N, ...), or a tuple, list or dictionary of arrays of one length.
        left_size: How many rows the first part has: a whole number, or a share of N as a float.
            Default what ``right_size`` leaves.
        right_size: The same of the second. Where both leave some, these are in neither.
        shuffle: Whether to take rows at random. Default the first ones, and the last ones.
        seed: Of that. Default one that ``set_seed`` decides.

    Returns:
        Both parts, each like ``dataset``. Without ``shuffle`` nothing is copied.

    Raises:
        TypeError, ValueError: of the arguments, or a part would be empty.

    >>> import numpy as np
    >>> from brasa.utils import split_dataset
    >>> (x, y), (x_test, y_test) = split_dataset((np.zeros((10, 3)), np.arange(10)), 0.8)
    >>> x.shape, y_test
    ((8, 3), array([8, 9]))
    """
    from brasa.inputs import common_length

    arrays = _arrays(dataset)
    N = common_length(_OP, arrays)
    left, right = _counts(left_size, right_size, N)
    mixes = truth(_OP, "shuffle", shuffle)
    if not mixes:
        firsts: Any = slice(0, left)
        lasts: Any = slice(left, left + right)
    else:
        source = next_generator() if seed is None else generator(check_seed(_OP, seed))
        order = source.permutation(N)
        firsts, lasts = order[:left], order[left : left + right]

    def like(rows: Any) -> Any:
        parts = [array[rows] for array in arrays]
        if isinstance(dataset, Mapping):
            return dict(zip(dataset, parts, strict=True))
        return type(dataset)(parts) if _is_several(dataset) else parts[0]

    return like(firsts), like(lasts)


def _arrays(dataset: Any) -> list[Any]:
    if isinstance(dataset, Mapping):
        return [to_array(_OP, f"dataset[{name!r}]", each) for name, each in dataset.items()]
    if _is_several(dataset):
        return [to_array(_OP, f"dataset[{i}]", each) for i, each in enumerate(dataset)]
    return [to_array(_OP, "dataset", dataset)]


def _is_several(dataset: Any) -> bool:
    """Whether it is a tuple or list of arrays, rather than one of numbers."""
    return isinstance(dataset, (tuple, list)) and any(np.ndim(each) for each in dataset)


def _counts(left_size: Any, right_size: Any, N: int) -> tuple[int, int]:
    if left_size is None and right_size is None:
        raise ValueError(f"{_OP}: give left_size, right_size or both")
    left = None if left_size is None else _count("left_size", left_size, N)
    right = None if right_size is None else _count("right_size", right_size, N)
    if left is None:
        assert right is not None
        left = N - right
    elif right is None:
        right = N - left
    if left + right > N:
        raise ValueError(
            f"{_OP}: left_size={left_size} and right_size={right_size} are {left} and {right} of "
            f"only {N} rows"
        )
    if left == 0 or right == 0:
        raise ValueError(
            f"{_OP}: of {N} rows, left_size={left_size} and right_size={right_size} leave a part "
            "empty"
        )
    return left, right


def _count(name: str, value: Any, N: int) -> int:
    if isinstance(value, (float, np.floating)):
        if not 0 < number(_OP, name, value) < 1:
            raise ValueError(f"{_OP}: {name} must lie between 0.0 and 1.0, got {value}")
        return round(float(value) * N)
    count = whole(_OP, name, value)
    if not 0 < count < N:
        raise ValueError(f"{_OP}: {name} must be >= 1 and below the {N} rows, got {count}")
    return count
