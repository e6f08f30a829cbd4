"""The layout with the batch in the lanes. Contract: csrc/ops/lanes.h."""

import numpy as np
import pytest

from brasa import _core
from brasa.ops.dispatch import run
from brasa.testing.assertions import assert_same_bits


def in_lanes(x, repeat=True):
    return run("to_lanes", [x], {"repeat": repeat})[0]


def plain(y, rows):
    return run("from_lanes", [y], {"rows": rows})[0]


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (8, 3, 5, 2), (19, 4, 4, 7), (33, 2, 9, 3)])
def test_to_lanes_puts_image_l_of_a_group_into_lane_l(shape, impl, rng):
    x = rng.normal(size=shape).astype(np.float32)
    lanes, n = _core.lanes(), shape[0]
    groups = -(-n // lanes)
    for repeat in (False, True):
        filler = x[-1:] if repeat else np.zeros_like(x[:1])
        padded = np.concatenate([x, *[filler] * (groups * lanes - n)])
        want = padded.reshape(groups, lanes, *shape[1:]).transpose(0, 4, 2, 3, 1)
        assert_same_bits(in_lanes(x, repeat), np.ascontiguousarray(want))
    assert_same_bits(plain(in_lanes(x), n), x)


def test_rows_that_do_not_fit_the_groups_are_refused(impl):
    x = np.ones((1, 2, 6, 6, _core.lanes()), np.float32)
    with pytest.raises(ValueError, match=r"from_lanes: rows must fill the 1 groups"):
        run("from_lanes", [x], {"rows": _core.lanes() + 1})
    with pytest.raises(ValueError, match=r"from_lanes: x must have \d+ lanes"):
        run("from_lanes", [np.ones((1, 2, 6, 6, 3), np.float32)], {"rows": 1})
