"""Compares a worker's result with the reference, before anything is timed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.case import Array, Expected


class WrongResultError(RuntimeError):
    """A result that is not what the op must compute. Its time would mean nothing."""


def compare(folder: Path, names: list[str], expected: dict[str, Expected]) -> float:
    """Largest error of the saved results, as a share of what the case allows.

    Raises:
        WrongResultError: An array is missing, not finite or off by more than its bound.
    """
    missing = expected.keys() - set(names)
    if missing:
        raise WrongResultError(f"no result {', '.join(sorted(missing))}")
    worst = 0.0
    for name, want in expected.items():
        got = np.load(folder / f"{name}.npy", mmap_mode="r")
        worst = max(worst, _share(name, got, want))
    return worst


def _share(name: str, got: Array, want: Expected) -> float:
    if not np.isfinite(got).all():
        raise WrongResultError(f"{name} holds NaN or Inf, or was not written")
    part = np.asarray(got[want.index], np.float64)
    if part.shape != want.value.shape:
        raise WrongResultError(f"{name} has shape {part.shape}, wanted {want.value.shape}")
    error = np.abs(part - want.value).reshape(-1)
    if error.size == 0:
        return 0.0
    if want.allowed:
        largest = float(np.quantile(error, 1.0 - want.allowed))
    else:
        largest = float(error.max())
    if largest > want.bound:
        raise WrongResultError(f"{name} is off by {largest:.3g}, allowed are {want.bound:.3g}")
    return largest / want.bound if want.bound else 0.0
