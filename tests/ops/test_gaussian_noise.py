"""Normally distributed noise. Contract: csrc/ops/gaussian_noise.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_close, assert_same_bits

NOISE = 2e-6  # of z, as the contract says
ARGUMENTS = (
    {},
    {"stddev": 0.1, "seed": 2**40 + 3, "step": 5, "node": 7},
    {"stddev": 1e3, "seed": 2**63 - 1, "step": 2**31 - 1, "node": 2**16},
)


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_equals_the_reference_at_every_length(arguments, impl):
    stddev = arguments.get("stddev", 1.0)
    for case in cases.FLAT:
        x = case.values()
        want = reference.gaussian_noise(x, **arguments)
        bound = NOISE * stddev + 2.0**-23 * np.abs(want)
        assert_close(ops.gaussian_noise(x, **arguments), want, bound, f"length {case}")


def test_is_normally_distributed(impl):
    count = 1 << 18
    z = ops.gaussian_noise(np.zeros(count, np.float32), seed=11).astype(np.float64)
    # Mean, variance, skewness and kurtosis of as many draws, within five standard errors.
    assert abs(z.mean()) < 5 / np.sqrt(count)
    assert abs((z**2).mean() - 1) < 5 * np.sqrt(2 / count)
    assert abs((z**3).mean()) < 5 * np.sqrt(15 / count)
    assert abs((z**4).mean() - 3) < 5 * np.sqrt(96 / count)
    for limit, share in ((1.0, 0.317311), (2.0, 0.045500), (3.0, 0.002700)):
        assert abs((np.abs(z) > limit).mean() - share) < 5 * np.sqrt(share / count)
    # Neighbours, which share a draw, know nothing of each other.
    for apart in (1, 2, 3, 4):
        assert abs((z[apart:] * z[:-apart]).mean()) < 5 / np.sqrt(count)


def test_none_is_added_with_a_deviation_of_0(impl):
    x = np.resize(np.float32([np.nan, np.inf, -np.inf, -1.5]), 257)
    assert_same_bits(ops.gaussian_noise(x, 0.0), x)


@pytest.mark.parametrize("change", [{"seed": 1}, {"step": 1}, {"node": 1}], ids=str)
def test_seed_step_and_node_each_change_it(change, impl):
    zeros = np.zeros(4096, np.float32)
    plain, changed = ops.gaussian_noise(zeros), ops.gaussian_noise(zeros, **change)
    assert abs(float((plain * changed).mean())) < 5 / 64


def test_an_element_gets_the_same_whatever_the_shape(impl):
    x = np.zeros((6, 35), np.float32)
    whole = ops.gaussian_noise(x, seed=4).reshape(-1)
    assert_same_bits(ops.gaussian_noise(x.reshape(-1)[:101], seed=4), whole[:101])


@pytest.mark.parametrize("stddev", [-0.1, np.inf, np.nan, 1e39])
def test_a_deviation_must_be_one(stddev):
    with pytest.raises(ValueError, match="gaussian_noise: stddev"):
        ops.gaussian_noise(np.zeros(3, np.float32), stddev)
