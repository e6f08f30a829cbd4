"""Comparisons whose bounds are derived from how float32 rounds, and that say where they failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

ROUNDING = 2.0**-24  # largest relative error of one float32 operation
SMALLEST = 2.0**-126  # results below it may be flushed to zero
SIGMAS = 6.0  # a bound that independent roundings pass once in a billion sums


def reduction_bound(length: int, scale: ArrayLike, amplification: float = 1.0) -> Array:
    """The largest error of a float32 sum of `length` products, in whatever order it is added up.

    `scale` is the sum of the absolute values of the terms. The smaller of two bounds holds: length
    roundings that all err the same way (Higham, Accuracy and Stability, eq. 3.5), and as many
    independent ones, whose sum grows with the square root (Higham & Mary 2019). The second is what
    lets a long sum still notice that one of its terms is missing.

    Args:
        length: Number of products in each sum.
        scale: Sum of the absolute values of the products, for each result.
        amplification: Above 1 for algorithms that add and subtract before they multiply.
    """
    roundings = length + 2  # each product, and the bias
    factor = min(roundings, SIGMAS * np.sqrt(roundings)) * ROUNDING * amplification
    return np.asarray(factor * np.abs(np.asarray(scale, np.float64)) + roundings * SMALLEST)


def ulp_bound(want: ArrayLike, ulps: float = 0.5) -> Array:
    """The error of results that are `ulps` units in the last place off; 0.5 is correct rounding."""
    size = np.abs(np.asarray(want, np.float64))
    finite = np.where(np.isfinite(size), size, 0.0)
    largest = np.finfo(np.float32).max
    spacing = np.spacing(np.minimum(finite, largest).astype(np.float32)).astype(np.float64)
    return np.asarray(ulps * spacing + np.where(finite < SMALLEST, SMALLEST, 0.0))


def assert_close(
    got: Any, want: ArrayLike, bound: ArrayLike, name: str = "result", dtype: type = np.float32
) -> None:
    """Fails with the worst coordinate where |got - want| is over `bound`.

    NaN must meet NaN, and an infinity the same infinity.

    Args:
        got: What the library returned: an array, or a float.
        want: The truth, in float64.
        bound: Largest error allowed, for all or for each element.
        name: What the message calls `got`.
        dtype: What `got` must be, where it is an array.
    """
    __tracebackhide__ = True
    if isinstance(got, np.ndarray):
        assert got.dtype == dtype, f"{name}: dtype {got.dtype}, want {np.dtype(dtype)}"
    found, truth = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert found.shape == truth.shape, f"{name}: shape {found.shape}, want {truth.shape}"
    allowed = np.broadcast_to(np.asarray(bound, np.float64), truth.shape)

    with np.errstate(invalid="ignore"):  # inf - inf
        error = np.abs(found - truth)
    same = (found == truth) | (np.isnan(found) & np.isnan(truth))
    wrong = ~same & ~(error <= allowed)
    if not wrong.any():
        return
    excess = np.where(wrong, error / np.maximum(allowed, 1e-300), -1.0)
    excess[wrong & np.isnan(excess)] = np.inf
    at = tuple(int(i) for i in np.unravel_index(excess.argmax(), excess.shape))
    raise AssertionError(
        f"{name}: {wrong.sum()} of {wrong.size} elements are off; worst at {at}: "
        f"got {found[at]:.9g}, want {truth[at]:.9g}, error {error[at]:.3g} over bound "
        f"{allowed[at]:.3g}; first at {tuple(int(i) for i in np.argwhere(wrong)[0])}"
    )


def assert_same_bits(got: Any, want: Any, name: str = "result") -> None:
    """Fails at the first coordinate where two arrays, floats or tuples of them differ in a bit."""
    __tracebackhide__ = True
    if isinstance(want, tuple | list):
        assert len(got) == len(want), f"{name}: {len(got)} results, want {len(want)}"
        for i, (one, other) in enumerate(zip(got, want, strict=True)):
            assert_same_bits(one, other, f"{name}[{i}]")
        return
    found, truth = np.asarray(got), np.asarray(want)
    assert found.dtype == truth.dtype, f"{name}: dtype {found.dtype}, want {truth.dtype}"
    assert found.shape == truth.shape, f"{name}: shape {found.shape}, want {truth.shape}"
    raw = [np.ascontiguousarray(a).reshape(-1).view(np.uint8) for a in (found, truth)]
    differs = (raw[0] != raw[1]).reshape(*truth.shape, truth.itemsize).any(-1)
    if differs.any():
        at = tuple(int(i) for i in np.argwhere(differs)[0])
        raise AssertionError(
            f"{name}: {differs.sum()} of {differs.size} elements differ in their bits; "
            f"first at {at}: got {found[at]!r}, want {truth[at]!r}"
        )


def assert_refused(
    call: Callable[[], Any],
    error: type[Exception] | tuple[type[Exception], ...],
    op: str,
    words: str,
) -> None:
    """Fails unless `call` raises `error` with a message that starts with `op` and holds all words.

    ``(3, 5)`` and ``[0, 1)`` count as one word. The message of a composed op may name the part that
    refused: ``conv2d_backward_data`` for ``conv2d_backward``.
    """
    __tracebackhide__ = True
    try:
        result = call()
    except error as caught:
        message = str(caught)
    else:
        raise AssertionError(f"{op}: nothing was raised; the call returned {result!r}")
    assert message.startswith(op), f"the message does not start with {op}: {message}"
    for word in words.replace(", ", ",").split():
        assert word in message.replace(", ", ","), f"{word!r} is missing in: {message}"
