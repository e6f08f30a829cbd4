"""Steps that know the size of the weights: ftrl_step, lamb_step. Contract: csrc/ops/optimizer.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import ROUNDING, SMALLEST, assert_close, assert_same_bits

FLAT = [case for case in cases.FLAT if case.count]
FIRST = [{}, {"weight_decay": 0.1, "l1": 0.2, "l2": 0.3}]
STRENGTHS = {
    "l1_regularization_strength": 0.1,
    "l2_regularization_strength": 0.3,
    "l2_shrinkage_regularization_strength": 0.2,
}


@pytest.mark.parametrize("first", FIRST, ids=str)
@pytest.mark.parametrize("power", [-0.5, -0.75, 0.0])
@pytest.mark.parametrize("strengths", [{}, STRENGTHS], ids=["plain", "strong"])
def test_ftrl_equals_reference_at_every_length(power, strengths, first, impl):
    rate = 0.25
    for case in FLAT:
        p, n = case.values("p"), np.full(case.count, 0.1, np.float32)
        z = np.zeros_like(n)
        for step in range(3):
            g = case.values(f"g{step}")
            options = {"learning_rate_power": power, "beta": 1.0, **strengths, **first}
            want = reference.ftrl_step(p, g, n, z, rate, **options)
            # z is made of a few terms, the largest a rise of n^q over the rate, times p; beta keeps
            # the divisor at 1 / rate or more.
            size = 1 + np.abs(p) + np.abs(g) + np.abs(z) + n
            bound = 32 * ROUNDING * size**3 / rate + SMALLEST
            ops.ftrl_step(p, g, n, z, rate, **options)
            for index, (got, truth) in enumerate(zip((p, n, z), want, strict=True)):
                assert_close(got, truth, bound, f"{index} of length {case} at step {step}")


@pytest.mark.parametrize("first", FIRST, ids=str)
def test_lamb_equals_reference_at_every_length(first, impl):
    for case in FLAT:
        p, m = case.values("p"), np.zeros(case.count, np.float32)
        v = np.zeros_like(m)
        for step in (1, 2, 700):
            g = case.values(f"g{step}")
            before = p.astype(np.float64)
            want = reference.lamb_step(p, g, m, v, step, 0.25, 0.8, 0.9, 0.5, **first)
            size = 1 + np.abs(p) + np.abs(g) + np.abs(m) + v
            ops.lamb_step(p, g, m, v, step, 0.25, 0.8, 0.9, 0.5, **first)
            # The ratio errs by half of what the sums of a chunk do, d by its own few roundings.
            moved = np.abs(want[0] - before).max() + 1
            bound = 64 * ROUNDING * size**2 * moved + SMALLEST
            near = bound + (min(case.count, 4096) / 2) * ROUNDING * np.abs(want[0] - before)
            for index, (got, truth) in enumerate(zip((p, m, v), want, strict=True)):
                each = near if index == 0 else bound
                assert_close(got, truth, each, f"{index} of length {case} at step {step}")


def test_a_lasso_has_small_weights_be_0(impl):
    p, g = np.ones(40, np.float32), np.linspace(-1, 1, 40, dtype=np.float32)
    n, z = np.zeros_like(p), np.zeros_like(p)
    for _ in range(5):
        ops.ftrl_step(p, g, n, z, 0.1, l1_regularization_strength=2.0)
    assert (p[np.abs(z) <= 2] == 0).all()
    assert (p == 0).sum() > 5
    assert (np.sign(p) == -np.sign(z))[np.abs(z) > 2].all()


def test_a_rate_of_0_changes_nothing(impl, rng):
    p, g, n, z = np.abs(rng.normal(size=(4, 35))).astype(np.float32)
    before = [a.copy() for a in (p, n, z)]
    ops.ftrl_step(p, g, n, z, 0.0, weight_decay=0.5)
    assert_same_bits((p, n, z), before)
    m, v = np.zeros_like(p), np.zeros_like(p)
    ops.lamb_step(p, g, m, v, 1, 0.0)
    assert_same_bits(p, before[0])
    assert m.any()


def test_nothing_moves_without_a_gradient(impl, rng):
    p, zero = rng.normal(size=33).astype(np.float32), np.zeros(33, np.float32)
    before = p.copy()
    ops.ftrl_step(p, zero, zero.copy(), zero.copy(), 0.1)
    ops.lamb_step(p, zero, zero.copy(), zero.copy(), 1)
    assert_same_bits(p, before)


def test_nan_reaches_its_parameter_and_no_other(impl):
    g = np.ones(35, np.float32)
    g[[3, 34]] = np.nan
    for step in (
        lambda p: ops.ftrl_step(p, g, np.ones_like(p), np.zeros_like(p), 0.1),
        lambda p: ops.ftrl_step(p, g, np.ones_like(p), np.zeros_like(p), 0.1, -0.7),
        lambda p: ops.lamb_step(p, g, np.zeros_like(p), np.zeros_like(p), 1),
    ):
        p = np.ones(35, np.float32)
        step(p)
        assert_same_bits(np.isnan(p), np.isnan(g))


def test_a_weight_is_as_long_as_its_rate_says(impl, rng):
    """Without decay the step of Lamb has the length of the weight, times the rate."""
    for count in (1, 100, 5000):
        p, g = rng.normal(size=(2, count)).astype(np.float32)
        before = p.astype(np.float64)
        ops.lamb_step(p, g, np.zeros_like(p), np.zeros_like(p), 1, 0.125)
        want = 0.125 * np.linalg.norm(before)
        assert np.linalg.norm(p - before) == pytest.approx(want, rel=1e-5)
