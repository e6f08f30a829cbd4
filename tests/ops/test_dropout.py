"""Dropout and the random numbers behind it. Contract: csrc/ops/dropout.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_close, assert_same_bits, ulp_bound
from brasa.testing.reference.dropout import philox

ARGUMENTS = (
    {"rate": 0.5},
    {"rate": 0.1, "seed": 2**40 + 3, "step": 5, "node": 7},
    {"rate": 0.9, "seed": 2**63 - 1, "step": 2**31 - 1, "node": 2**16},
)


def test_the_reference_generator_gives_the_published_numbers():
    # Random123's known answers for philox4x32-10: all zeros, all ones.
    zeros = philox(0, np.zeros(1, np.uint64), 0)[0]
    assert [hex(word) for word in zeros] == ["0x6627e8d5", "0xe169c58d", "0xbc57ac4c", "0x9b00dbd8"]
    full = 2**64 - 1
    ones = philox(full, np.full(1, full, np.uint64), full)[0]
    assert [hex(word) for word in ones] == ["0x408f276d", "0x41c83b0e", "0xa20bc7c6", "0x6d5451fd"]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_forward_equals_reference_at_every_length(arguments, impl):
    for case in cases.FLAT:
        x = case.values()
        got, want = ops.dropout(x, **arguments), reference.dropout(x, **arguments)
        assert_same_bits(got == 0, want == 0, f"mask of length {case}")
        # Three roundings: 1 - rate, its inverse, the product.
        assert_close(got, want, ulp_bound(want, 1.5), f"length {case}")


def test_backward_is_the_same_function_of_dy(impl, rng):
    dy = rng.normal(size=(3, 5, 7)).astype(np.float32)
    arguments = {"rate": 0.4, "seed": 3, "step": 2, "node": 1}
    assert_same_bits(ops.dropout_backward(dy, **arguments), ops.dropout(dy, **arguments))


def test_rate_zero_copies(impl, rng):
    x = rng.normal(size=100).astype(np.float32)
    assert_same_bits(ops.dropout(x, 0.0), x)


def test_dropped_elements_are_zero_even_where_x_is_not_finite(impl):
    x = np.resize(np.float32([np.nan, np.inf, -np.inf]), 257)
    y = ops.dropout(x, 0.5, seed=9)
    stays = reference.dropout_mask(x.size, 0.5, seed=9)
    assert_close(y, np.where(stays, x, 0.0), 0)


@pytest.mark.parametrize("change", [{"seed": 1}, {"step": 1}, {"node": 1}], ids=str)
def test_seed_step_and_node_each_change_the_mask(change, impl):
    ones = np.ones(4096, np.float32)
    plain, changed = ops.dropout(ones, 0.5), ops.dropout(ones, 0.5, **change)
    agree = float((plain == changed).mean())
    assert abs(agree - 0.5) < 6 * 0.5 / 64  # six sigmas of 4096 coin tosses


def test_the_share_that_stays_is_one_minus_rate(impl):
    ones = np.ones(1 << 20, np.float32)
    y = ops.dropout(ones, 0.3, seed=11)
    assert abs((y != 0).mean() - 0.7) < 6 * np.sqrt(0.3 * 0.7 / y.size)


def test_the_mask_of_an_element_does_not_depend_on_the_shape(impl):
    ones = np.ones((6, 35), np.float32)
    whole = ops.dropout(ones, 0.5, seed=4).reshape(-1)
    assert_same_bits(ops.dropout(ones.reshape(-1)[:101], 0.5, seed=4), whole[:101])
