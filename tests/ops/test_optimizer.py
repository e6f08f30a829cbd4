"""Optimizer steps on flat spans. Contract: csrc/ops/optimizer.h."""

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


def test_amsgrad_divides_by_the_largest_mean_square_so_far(impl):
    for case in FLAT:
        p, m = case.values("p"), np.zeros(case.count, np.float32)
        v, v_hat = np.zeros_like(m), np.zeros_like(m)
        for step, spread in ((1, 1.0), (2, 3.0), (3, 0.01)):  # so that both sides of max() count
            g = case.values(f"g{step}", spread=spread)
            want = reference.adam_step(p, g, m, v, step, 0.1, epsilon=0.5, v_hat=v_hat)
            ops.adam_step(p, g, m, v, step, 0.1, epsilon=0.5, v_hat=v_hat)
            bound = 24 * ROUNDING * (1 + np.abs(p) + np.square(g)) + SMALLEST
            for got, truth in zip((p, m, v, v_hat), want, strict=True):
                assert_close(got, truth, bound, f"length {case} at step {step}")
        assert (v_hat >= v).all()
        assert (v_hat > v).any()


RMSPROP = (
    {},
    {"learning_rate": 0.05, "rho": 0.5, "momentum": 0.9},
    {"centered": True, "epsilon": 0.25},
    {"rho": 0.7, "momentum": 0.5, "centered": True, "epsilon": 0.25},
)
ADAGRAD = ({}, {"learning_rate": 0.05, "epsilon": 1e-3})
FIRST = (
    {},
    {"weight_decay": 0.5},
    {"l1": 0.3},
    {"l2": 0.7},
    {"weight_decay": 0.1, "l1": 0.2, "l2": 0.3},
)


def check_slots(case, op, slots, options):
    """Three steps of an op whose slots are squares of gradients, or their like."""
    p, slots = case.values("p"), [slot.copy() for slot in slots]
    rate, epsilon = options.get("learning_rate", 1e-3), options.get("epsilon", 1e-7)
    for step in range(3):
        g = case.values(f"g{step}")
        want_p, *want = getattr(reference, op)(p, g, *slots, **options)
        before = p.astype(np.float64)
        whole = np.abs(g) + options.get("l1", 0) + 2 * options.get("l2", 0) * np.abs(before)
        getattr(ops, op)(p, g, *slots, **options)
        # A slot errs by a few roundings of what goes into it. The step is the gradient, which errs
        # by a few of its parts, over a root; where a variance stands below it, the root errs, too.
        root = np.sqrt((0 if options.get("centered") else want[0]) + epsilon)
        bound_step = 8 * ROUNDING * rate * whole / root
        if options.get("centered"):
            bound_step = bound_step + 64 * ROUNDING * rate * (1 + whole**3) / epsilon
        for index, (got, truth) in enumerate(zip(slots, want, strict=False)):
            bound = 8 * ROUNDING * (np.abs(truth) + whole**2 + whole) + SMALLEST
            bound = bound_step + bound if index == 1 and options.get("momentum") else bound
            assert_close(got, truth, bound, f"slot {index} of length {case} at step {step}")
        bound_p = 8 * ROUNDING * np.abs(want_p - before) + bound_step
        bound_p = bound_p + 2 * ROUNDING * (np.abs(before) + np.abs(want_p)) + SMALLEST
        assert_close(p, want_p, bound_p, f"p of length {case} at step {step}")


@pytest.mark.parametrize("first", FIRST, ids=str)
@pytest.mark.parametrize("options", RMSPROP, ids=str)
def test_rmsprop_equals_reference_at_every_length(options, first, impl):
    for case in FLAT:
        zeros = np.zeros(case.count, np.float32)
        check_slots(case, "rmsprop_step", [zeros, zeros, zeros], options | first)


@pytest.mark.parametrize("first", FIRST, ids=str)
@pytest.mark.parametrize("options", ADAGRAD, ids=str)
def test_adagrad_equals_reference_at_every_length(options, first, impl):
    for case in FLAT:
        check_slots(case, "adagrad_step", [np.full(case.count, 0.1, np.float32)], options | first)


# With a large epsilon errors of the slots pass through the roots as they are.
OTHERS = {
    "adadelta_step": (2, lambda step: {"rho": 0.8, "epsilon": 0.25}),
    "adamax_step": (2, lambda step: {"step": step, "beta_2": 0.9, "epsilon": 0.5}),
    "nadam_step": (2, lambda step: {"step": step, "beta_1": 0.8, "epsilon": 0.5}),
    "lion_step": (1, lambda step: {"beta_1": 0.8}),
}


@pytest.mark.parametrize("first", [FIRST[0], FIRST[-1]], ids=str)
@pytest.mark.parametrize("op", OTHERS)
def test_other_steps_equal_reference_at_every_length(op, first, impl):
    count, options = OTHERS[op]
    for case in FLAT:
        p, slots = case.values("p"), [np.zeros(case.count, np.float32) for _ in range(count)]
        for step in (1, 2, 700):
            g = case.values(f"g{step}")
            more = {**options(step), **first, "learning_rate": 0.125}
            want = getattr(reference, op)(p, g, *slots, **more)
            size = 1 + np.abs(p) + np.abs(g) + sum(map(np.abs, slots))
            bound = 32 * ROUNDING * size**3 + SMALLEST
            unsure = np.zeros_like(p)
            if op == "lion_step":  # where the sum is 0 but for rounding, its sign is anyone's
                slope = first.get("l1", 0) * np.sign(p) + 2 * first.get("l2", 0) * p
                even = np.abs(0.8 * slots[0] + 0.2 * (g + slope)) < 8 * ROUNDING * size
                unsure = np.where(even, 0.25, 0)
            getattr(ops, op)(p, g, *slots, **more)
            for index, (got, truth) in enumerate(zip((p, *slots), want, strict=True)):
                near = bound + unsure if index == 0 else bound
                assert_close(got, truth, near, f"{index} of length {case} at step {step}")


@pytest.mark.parametrize("first", FIRST[1:], ids=str)
def test_decay_and_penalties_join_sgd_and_adam(first, impl):
    for case in FLAT:
        p, g, v = case.values("p"), case.values("g"), np.abs(case.values("v"))
        size = np.abs(p) + np.abs(g) + v + 1
        options = {"learning_rate": 0.25, "momentum": 0.5, "nesterov": True, **first}
        want = reference.sgd_step(p, g, v, **options)
        got = p.copy(), v.copy()
        ops.sgd_step(got[0], g, got[1], **options)
        for found, truth in zip(got, want, strict=True):
            assert_close(found, truth, 8 * ROUNDING * size, f"sgd, length {case}")
        want = reference.adam_step(p, g, v, v, 7, 0.25, epsilon=0.5, **first)
        got = p.copy(), v.copy(), v.copy()
        ops.adam_step(got[0], g, *got[1:], 7, 0.25, epsilon=0.5, **first)
        for found, truth in zip(got, want, strict=True):
            assert_close(found, truth, 24 * ROUNDING * size**2, f"adam, length {case}")


def test_decay_is_no_part_of_the_gradient(impl):
    """AdamW: the running means do not see it, and p loses lr * weight_decay of itself."""
    p, m, v = np.full(9, 2, np.float32), np.zeros(9, np.float32), np.zeros(9, np.float32)
    ops.adam_step(p, np.zeros_like(p), m, v, 1, 0.5, weight_decay=0.25)
    assert_same_bits((p, m, v), (np.full(9, 1.75, np.float32), np.zeros_like(m), np.zeros_like(m)))


def test_a_variance_that_rounds_below_zero_counts_as_zero(impl):
    p, v = np.ones(9, np.float32), np.full(9, 9999.99, np.float32)
    a, g = np.full(9, 100, np.float32), np.full(9, 100, np.float32)
    ops.rmsprop_step(p, g, v, None, a, 1e-3, 0.999, epsilon=1e-2, centered=True)
    np.testing.assert_allclose(p, 0, atol=1e-5)  # 1 - 1e-3 * 100 / sqrt(1e-2)


def test_sgd_without_momentum_needs_no_velocity(impl):
    p = np.ones(19, np.float32)
    ops.sgd_step(p, np.full(19, 2.0, np.float32), None, learning_rate=0.25)
    assert_same_bits(p, np.full(19, 0.5, np.float32))


def test_a_zero_gradient_with_zero_slots_changes_nothing(impl, rng):
    p, zero = rng.normal(size=33).astype(np.float32), np.zeros(33, np.float32)
    before, m, v = p.copy(), zero.copy(), zero.copy()
    ops.sgd_step(p, zero, v, 0.1, 0.9)
    ops.adam_step(p, zero, m, v, 1)
    ops.rmsprop_step(p, zero, v)
    ops.adagrad_step(p, zero, v)
    assert_same_bits(p, before)
    assert_same_bits((m, v), (zero, zero))


def test_nan_reaches_its_parameter_and_no_other(impl):
    g = np.ones(35, np.float32)
    g[[3, 34]] = np.nan
    for step in (
        lambda p: ops.sgd_step(p, g, np.zeros_like(p), momentum=0.9),
        lambda p: ops.adam_step(p, g, np.zeros_like(p), np.zeros_like(p), 1),
        lambda p: ops.rmsprop_step(p, g, *(np.zeros_like(p) for _ in "vma"), centered=True),
        lambda p: ops.adagrad_step(p, g, np.zeros_like(p), l1=0.5),
        lambda p: ops.adadelta_step(p, g, np.zeros_like(p), np.zeros_like(p)),
        lambda p: ops.adamax_step(p, g, np.zeros_like(p), np.zeros_like(p), 2),
        lambda p: ops.nadam_step(p, g, np.zeros_like(p), np.zeros_like(p), 2),
        lambda p: ops.lion_step(p, g, np.zeros_like(p)),
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
    ops.rmsprop_step(p.copy(), g, np.zeros_like(g), l2=0.5)
    ops.adagrad_step(p.copy(), g, np.zeros_like(g), l1=0.5)
    assert_same_bits(g, before)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e15])
def test_the_first_adam_step_has_the_size_of_the_learning_rate(size, impl):
    p, g = np.zeros(17, np.float32), np.full(17, -size, np.float32)
    ops.adam_step(p, g, np.zeros_like(p), np.zeros_like(p), 1, learning_rate=0.125)
    # epsilon joins the uncorrected root of v, which is |g| sqrt(1 - beta_2).
    want = 0.125 / (1 + 1e-7 / (np.sqrt(0.001) * size))
    assert_close(p, np.full(17, want), 16 * ROUNDING * 0.125)
