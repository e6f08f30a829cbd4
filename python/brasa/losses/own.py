"""Functions of ``y_true`` and ``y_pred`` that others wrote: called, checked, and averaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from brasa import ops
from brasa.arrays import shown
from brasa.graph.symbol import Symbol

_WANTED = "one number for each sample, for each step, or for the whole batch"


def values_of(what: str, function: Callable[[Any, Any], Any], y_true: Any, y_pred: Any) -> Any:
    """What a loss or metric gives for targets and predictions, symbols and arrays alike.

    Raises:
        TypeError, ValueError: it failed with one, or returned something else than is wanted.
    """
    try:
        values = function(y_true, y_pred)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"compile: {what} cannot be computed: {error}") from error
    symbolic = isinstance(y_pred, Symbol)
    if symbolic and not isinstance(values, Symbol):
        raise TypeError(
            f"compile: {what} must return {_WANTED}, made of y_true and y_pred by brasa.ops and "
            f"operators, got {shown(values)}"
        )
    if not symbolic:
        values = np.asarray(values)
    if str(values.dtype) not in ("float32", "float64"):
        raise TypeError(f"compile: {what} must return float32, got {values.dtype}")
    shape, wanted = tuple(values.shape), tuple(y_pred.shape)
    if shape != wanted[: len(shape)]:
        raise ValueError(
            f"compile: {what} must return {_WANTED}: {wanted[:1]}, "
            f"{f'{wanted[:2]}, ' if len(wanted) > 2 else ''}or () for predictions {wanted} and "
            f"y_true {tuple(y_true.shape)}, got the shape {shape}"
        )
    return values


def mean_of(what: str, values: Any, weight: Any, masked: bool) -> Any:
    """The mean of the values, multiplied by the weights of the rows where there are some."""
    values, _ = weighted(what, values, weight, masked)
    return values if values.shape == () else ops.mean(values)


def weighted(what: str, values: Any, weight: Any, masked: bool) -> tuple[Any, Any]:
    """The values times the weights of the rows, and the weights with as many axes."""
    if weight is not None:
        rank, rows = len(values.shape), len(weight.shape)
        by, axes = ("a mask of steps", rows) if masked else ("sample_weight", 1)
        if rank < axes:
            raise ValueError(
                f"compile: {what} returned the shape {tuple(values.shape)}, but there is {by}: it "
                f"must return one number for each of {tuple(weight.shape[:axes])}"
            )
        if rank < rows:  # weights of samples, repeated for their steps
            weight = ops.mean(weight, axis=tuple(range(rank, rows)))
        weight = ops.reshape(weight, (*weight.shape, *[1] * (rank - len(weight.shape))))
        values = ops.multiply(values, weight)
    return values, weight
