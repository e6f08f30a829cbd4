"""SGD and Adam on flat spans. Contract: csrc/ops/optimizer.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import ROUNDING, SMALLEST, assert_close, assert_same_bits

FLAT = [case for case in cases.FLAT if case.count]
SGD = (
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "nesterov": True},
    {"learning_rate": 0.37, "momentum": 0.5},
)
ADAM = (
    {},
    {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3},
    {"beta_1": 0.0},
)


def check_sgd(case, options):
    p, v = case.values("p"), np.zeros(case.count, np.float32)
    momentum, rate = options.get("momentum", 0.0), options.get("learning_rate", 0.01)
    for step in range(3):
        g = case.values(f"g{step}")
        want_p, want_v = reference.sgd_step(p, g, v, **options)
        bound_v = 4 * ROUNDING * (momentum * np.abs(v) + rate * np.abs(g)) + SMALLEST
        bound_p = 2 * bound_v + 2 * ROUNDING * (np.abs(p) + rate * np.abs(g) + np.abs(want_v))
        ops.sgd_step(p, g, v, **options)
        assert_close(p, want_p, bound_p, f"p of length {case} at step {step}")
        if momentum:
            assert_close(v, want_v, bound_v, f"velocity of length {case} at step {step}")


@pytest.mark.parametrize("options", SGD, ids=str)
def test_sgd_equals_reference_at_every_length(options, impl):
    for case in FLAT:
        check_sgd(case, options)


def check_adam(case, options):
    p, m, v = case.values("p"), np.zeros(case.count, np.float32), np.zeros(case.count, np.float32)
    b1, b2 = options.get("beta_1", 0.9), options.get("beta_2", 0.999)
    for step in (1, 2, 3, 1000, 1_000_000):
        g = case.values(f"g{step}", spread=0.3)
        want_p, want_m, want_v = reference.adam_step(p, g, m, v, step, **options)
        bound_m = 4 * ROUNDING * (np.abs(m) + (1 - b1) * np.abs(g)) + SMALLEST
        bound_v = 4 * ROUNDING * (v + (1 - b2) * np.square(g, dtype=np.float64)) + SMALLEST
        # The update is m over a root of v: it errs relatively by theirs, halved for the root.
        rate = np.abs(want_p - p) / np.maximum(np.abs(want_m), SMALLEST)
        relative = bound_v / (2 * want_v + SMALLEST) + 8 * ROUNDING
        bound_p = rate * (bound_m + np.abs(want_m) * relative)
        bound_p = bound_p + ROUNDING * (np.abs(p) + np.abs(want_p)) + SMALLEST
        ops.adam_step(p, g, m, v, step, **options)
        assert_close(m, want_m, bound_m, f"m of length {case} at step {step}")
        assert_close(v, want_v, bound_v, f"v of length {case} at step {step}")
        assert_close(p, want_p, bound_p, f"p of length {case} at step {step}")


@pytest.mark.parametrize("options", ADAM, ids=str)
def test_adam_equals_reference_at_every_length(options, impl):
    for case in FLAT:
        check_adam(case, options)


def test_sgd_without_momentum_needs_no_velocity(impl):
    p = np.ones(19, np.float32)
    ops.sgd_step(p, np.full(19, 2.0, np.float32), None, learning_rate=0.25)
    assert_same_bits(p, np.full(19, 0.5, np.float32))


def test_a_zero_gradient_with_zero_slots_changes_nothing(impl, rng):
    p, zero = rng.normal(size=33).astype(np.float32), np.zeros(33, np.float32)
    before, m, v = p.copy(), zero.copy(), zero.copy()
    ops.sgd_step(p, zero, v, 0.1, 0.9)
    ops.adam_step(p, zero, m, v, 1)
    assert_same_bits(p, before)
    assert_same_bits((m, v), (zero, zero))


def test_nan_reaches_its_parameter_and_no_other(impl):
    g = np.ones(35, np.float32)
    g[[3, 34]] = np.nan
    for step in (
        lambda p: ops.sgd_step(p, g, np.zeros_like(p), momentum=0.9),
        lambda p: ops.adam_step(p, g, np.zeros_like(p), np.zeros_like(p), 1),
    ):
        p = np.ones(35, np.float32)
        step(p)
        assert_same_bits(np.isnan(p), np.isnan(g))


def test_the_gradient_is_not_written(impl, rng):
    p, g = rng.normal(size=(2, 40)).astype(np.float32)
    g.flags.writeable = False
    before = g.copy()
    ops.sgd_step(p.copy(), g, np.zeros_like(g), momentum=0.9)
    ops.adam_step(p.copy(), g, np.zeros_like(g), np.zeros_like(g), 3)
    assert_same_bits(g, before)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e15])
def test_the_first_adam_step_has_the_size_of_the_learning_rate(size, impl):
    p, g = np.zeros(17, np.float32), np.full(17, -size, np.float32)
    ops.adam_step(p, g, np.zeros_like(p), np.zeros_like(p), 1, learning_rate=0.125)
    # epsilon joins the uncorrected root of v, which is |g| sqrt(1 - beta_2).
    want = 0.125 / (1 + 1e-7 / (np.sqrt(0.001) * size))
    assert_close(p, np.full(17, want), 16 * ROUNDING * 0.125)
