"""Softmax over the last axis. Contract: csrc/ops/softmax.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import ROUNDING, SMALLEST, assert_close, reduction_bound
from brasa.testing.gradcheck import check_gradient

EXP_ULPS = 4.0
INF, NAN = np.inf, np.nan


def softmax_bound(x):
    """y_j = exp(d_j) / sum: d_j and the exponential err relatively, and so does the sum."""
    y = reference.softmax(x)
    distance = np.abs(x - x.max(-1, keepdims=True)).astype(np.float64)
    own = ROUNDING * distance + 2 * EXP_ULPS * ROUNDING
    of_sum = (own * y).sum(-1, keepdims=True) + reduction_bound(x.shape[-1], 1.0)
    return y * (own + of_sum + 2 * ROUNDING) + x.shape[-1] * SMALLEST


@pytest.mark.parametrize("case", cases.ROWS, ids=str)
def test_forward_equals_reference(case, impl):
    for spread in (1.0, 30.0):
        x = case.values(spread=spread)
        assert_close(ops.softmax(x), reference.softmax(x), softmax_bound(x), f"spread {spread}")


@pytest.mark.parametrize("case", cases.ROWS, ids=str)
def test_backward_equals_reference(case, impl):
    y, dy = ops.softmax(case.values()), case.values("dy")
    size = (np.abs(dy) * y).astype(np.float64)
    dot = reduction_bound(case.classes, size.sum(-1, keepdims=True))
    bound = y * (dot + 3 * ROUNDING * (np.abs(dy) + size.sum(-1, keepdims=True))) + SMALLEST
    assert_close(ops.softmax_backward(dy, y), reference.softmax_backward(dy, y), bound)


def test_backward_is_the_slope_of_forward(impl, rng):
    x, dy = rng.normal(size=(2, 3, 9)).astype(np.float32)
    grads = [ops.softmax_backward(dy, ops.softmax(x))]
    check_gradient(ops.softmax, [x], grads, dy, samples=27, length=9)


@pytest.mark.parametrize("case", cases.ROWS, ids=str)
def test_logarithms_equal_reference(case, impl):
    for spread in (1.0, 300.0):  # at 300 most probabilities are 0
        x, dy = case.values(spread=spread), case.values("dy")
        y, want = ops.log_softmax(x), reference.log_softmax(x)
        distance = np.abs(x - x.max(-1, keepdims=True)).astype(np.float64)
        size = distance + np.abs(want) + np.log(case.classes) + 1
        assert_close(y, want, 4 * ROUNDING * size, f"spread {spread}")
        total = np.abs(dy).astype(np.float64).sum(-1, keepdims=True)
        errors = (reduction_bound(case.classes, 1.0) + 8 * ROUNDING) * np.exp(y) * total
        bound = errors + 2 * ROUNDING * np.abs(dy) + SMALLEST
        want = reference.log_softmax_backward(dy, y)
        assert_close(ops.log_softmax_backward(dy, y), want, bound, f"spread {spread}")


def test_logarithms_along_another_axis(rng):
    x = rng.normal(size=(3, 4, 5)).astype(np.float32)
    want = reference.log_softmax(np.swapaxes(x, 1, 2)).swapaxes(1, 2)
    assert_close(ops.log_softmax(x, axis=1), want, 32 * ROUNDING)
    with pytest.raises(ValueError, match=r"log_softmax: axis 3 of \(3, 4, 5\)"):
        ops.log_softmax(x, axis=3)


ROWS_AT_THE_EDGE = {
    "very large": ([1e38, -1e38, 0.0], [1.0, 0.0, 0.0]),
    "all equal and huge": ([3e38, 3e38, 3e38, 3e38], [0.25, 0.25, 0.25, 0.25]),
    "far below zero": ([-1000.0, -1000.0], [0.5, 0.5]),
    "one minus infinity": ([0.0, -INF], [1.0, 0.0]),
    "only minus infinity": ([-INF, -INF, -INF], [NAN, NAN, NAN]),
    "a plus infinity": ([0.0, INF, 1.0], [NAN, NAN, NAN]),
    "a NaN": ([0.0, NAN, 1.0], [NAN, NAN, NAN]),
    "one class": ([7.0], [1.0]),
}


@pytest.mark.parametrize("row", ROWS_AT_THE_EDGE)
@pytest.mark.parametrize("repeat", [1, 17])
def test_a_row_at_the_edge_of_the_numbers_gives_what_the_contract_says(row, repeat, impl):
    x, want = (np.tile(np.float32(v), repeat) for v in ROWS_AT_THE_EDGE[row])
    rows = np.stack([x, np.zeros_like(x), x])
    plain = np.full(x.shape, 1.0 / x.size)
    got = ops.softmax(rows)
    assert_close(got, np.stack([want / repeat, plain, want / repeat]), 4 * ROUNDING)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.where(np.isfinite(x) & (want == 0), x - x.max(), np.log(want / repeat))
    assert_close(ops.log_softmax(rows)[2], logarithms, 4 * ROUNDING * np.abs(logarithms))


@pytest.mark.parametrize("shape", [(6,), (2, 3, 4), (0, 5), (1, 2, 1, 3)])
def test_the_last_axis_of_any_rank(shape, impl, rng):
    x = rng.normal(size=shape).astype(np.float32)
    got = ops.softmax(x, axis=len(shape) - 1)
    assert_close(got, reference.softmax(x), softmax_bound(x))
