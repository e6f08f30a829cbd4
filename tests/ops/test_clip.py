"""Clipping by value and by norm. Contract: csrc/ops/clip.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_close, assert_refused, assert_same_bits, reduction_bound


@pytest.mark.parametrize("limit", [0.01, 0.7, 1e6])
def test_both_equal_the_reference_at_every_length(limit, impl):
    for case in cases.FLAT:
        x = case.values()
        want = reference.clip_value(x, np.float32(limit))
        assert_close(ops.clip_value(x, limit), want, 0, f"value, length {case}")
        want = reference.clip_norm(x, float(np.float32(limit)))
        # The norm errs by half of what the sum of squares does; a factor and a product follow.
        bound = reduction_bound(min(x.size, 4096), np.abs(want))
        assert_close(ops.clip_norm(x, limit), want, bound, f"norm, length {case}")


def test_the_norm_after_clipping_is_the_limit(impl, rng):
    x = rng.standard_normal((37, 41)).astype(np.float32)
    y = ops.clip_norm(x, 2.0)
    assert y.shape == x.shape
    assert abs(np.linalg.norm(y.astype(np.float64)) - 2) < 1e-6
    assert abs(np.sum(y * x, dtype=np.float64) - 2 * np.linalg.norm(x)) < 1e-3, "the same direction"


def test_a_small_gradient_keeps_its_bits(impl):
    x = np.float32([0.3, -0.4, 0.0, 1e-30])
    assert_same_bits(ops.clip_norm(x, 0.6), x)
    assert_same_bits(ops.clip_value(x, 0.4), x)


def test_in_place(impl, rng):
    x = rng.standard_normal(9001).astype(np.float32)
    for clip in (ops.clip_value, ops.clip_norm):
        out = np.empty_like(x)
        assert_same_bits(clip(x, 0.5, out=out), clip(x, 0.5))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_visible(bad, impl):
    x = np.ones(5000, np.float32)
    x[4321], x[7] = bad, 0
    y = ops.clip_norm(x, 1.0)
    assert y[7] == 0
    assert np.isnan(np.delete(y, 7)).all()
    want = np.float32(np.nan if np.isnan(bad) else np.sign(bad))
    np.testing.assert_array_equal(ops.clip_value(x, 1.0)[4321], want)


X = np.ones(3, np.float32)


@pytest.mark.parametrize("op", ["clip_value", "clip_norm"])
def test_refused(op):
    clip = getattr(ops, op)
    for limit in (0.0, -1.0, np.nan, np.inf, 1e300, 1e-300):
        assert_refused(lambda limit=limit: clip(X, limit), ValueError, op, "limit")
    assert_refused(lambda: clip(X, "a"), TypeError, op, "limit 'a'")
    assert_refused(lambda: clip([1, 2], 1.0), TypeError, op, "x int64")
