"""Penalties of large weights. Contract: csrc/ops/penalty.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import ROUNDING, SMALLEST, assert_close, assert_same_bits

FACTORS = ((0.1, 0.0), (0.0, 0.3), (0.1, 0.3), (0.0, 0.0))
FLAT = [*cases.FLAT, cases.FlatCase(3 * 4096 + 5)]


@pytest.mark.parametrize(("l1", "l2"), FACTORS)
def test_value_equals_reference_at_every_length(l1, l2, impl):
    for case in FLAT:
        x = case.values()
        want = reference.penalty(x, l1, l2)
        # All terms are positive: the sum of a chunk errs by a rounding for each term of a lane.
        bound = ROUNDING * (min(case.count, 4096) + 4) * want + SMALLEST
        assert_close(ops.penalty(x, l1, l2), want, bound, f"length {case}")


@pytest.mark.parametrize(("l1", "l2"), FACTORS)
def test_slope_equals_reference_at_every_length(l1, l2, impl):
    for case in FLAT:
        x = case.values()
        x[::5] = 0
        want = reference.penalty_backward(x, l1, l2)
        bound = 3 * ROUNDING * (l1 + 2 * l2 * np.abs(x)) + SMALLEST
        assert_close(ops.penalty_backward(x, l1, l2), want, bound, f"length {case}")


def test_slope_is_that_of_the_value(impl, rng):
    x = rng.normal(size=(3, 5)).astype(np.float32)
    slope, step = ops.penalty_backward(x, 0.5, 0.25), 1e-3
    for place in np.ndindex(x.shape):
        up, down = x.astype(np.float64), x.astype(np.float64)
        up[place] += step
        down[place] -= step
        difference = reference.penalty(up, 0.5, 0.25) - reference.penalty(down, 0.5, 0.25)
        assert slope[place] == pytest.approx(difference / (2 * step), abs=1e-5)


def test_a_chunk_that_is_left_out_is_noticed(impl):
    x = np.zeros(5 * 4096, np.float32)
    x[::4096] = [1, 2, 3, 4, 5]
    assert float(ops.penalty(x, l2=1.0)) == 55
    assert float(ops.penalty(-x, l1=1.0)) == 15


def test_zero_has_no_slope(impl):
    assert_same_bits(
        ops.penalty_backward(np.array([0.0, -0.0, 2.0, -2.0], np.float32), 0.5),
        np.array([0, 0, 0.5, -0.5], np.float32),
    )


def test_sums_beyond_float32(impl):
    x = np.zeros(5000, np.float32)
    x[[17, 18, 4999]] = 3e38, -3e38, 3e30
    assert float(ops.penalty(x, l1=1e-30)) == pytest.approx(6e8, rel=1e-5)
    assert float(ops.penalty(x, l2=1e-40)) == pytest.approx(1.8e37, rel=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_shows(bad, impl):
    x = np.ones(9001, np.float32)
    x[8999] = bad
    assert not np.isfinite(ops.penalty(x, l2=0.5))
    assert not np.isfinite(ops.penalty(x, l1=0.5))
