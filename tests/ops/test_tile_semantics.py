"""Whether tiles add as AMX does: the even and the odd terms of a step each on their own."""

import numpy as np
import pytest

from brasa import ops, runtime

pytestmark = pytest.mark.skipif(
    not runtime.build_info()["bf16"].startswith("AMX"),
    reason="there are no products on AMX tiles here",
)


def sum_of(*terms):
    a = np.float32([terms])
    return float(ops.matmul(a, np.ones((len(terms), 1), np.float32), precision="bf16")[0, 0])


BIG = 2.0**24


def test_even_and_odd_terms_have_sums_of_their_own():
    assert sum_of(BIG, 1, -BIG) == 1  # one after the other, 1 would be lost in 2^24
    assert sum_of(1, BIG, 0, -BIG) == 1


def test_the_terms_of_one_parity_are_added_in_order():
    assert sum_of(BIG, 0, 1, 0, -BIG) == 0
    assert sum_of(BIG, 0, -BIG, 0, 1) == 1


def test_a_step_of_32_is_added_as_a_whole():
    first, second = [BIG, *[0] * 31], [1, 0, 1, *[0] * 29]
    assert sum_of(*first, *second) == BIG + 2  # 2^24 + 1 + 1, one by one, stays 2^24


def test_tiny_terms_and_sums_count_as_zero():
    tiny = 2.0**-126
    assert sum_of(tiny, tiny) == 2 * tiny
    assert sum_of(tiny / 2, tiny / 2) == 0  # denormal operands
    a, b = np.float32([[2.0**-70, 2.0**-70]]), np.float32([[2.0**-57], [2.0**-57]])
    # Each sum is 2^-127, a denormal: both are flushed before they are added.
    assert ops.matmul(a, b, precision="bf16")[0, 0] == 0
