"""Which steps of padded sequences count. Contract: csrc/ops/mask.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import reference
from brasa.testing.assertions import assert_close, assert_refused, assert_same_bits, ulp_bound
from brasa.testing.gradcheck import check_gradient

SHAPES = ((0, 4), (1, 1), (3, 5), (17, 33), (2, 0))


@pytest.mark.parametrize("shape", [(), *SHAPES], ids=str)
def test_mask_of_ids_equals_the_reference(shape, impl, rng):
    ids = rng.integers(-1, 2, shape)
    for value in (0, -1):
        want = reference.mask_of_ids(ids, value).astype(np.float32)
        assert_same_bits(ops.mask_of_ids(ids, value), want, f"value {value}")


@pytest.mark.parametrize("features", [1, 3, 8, 19])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_masks_of_steps_equal_the_reference(shape, features, impl, rng):
    x = rng.integers(0, 2, (*shape, features)).astype(np.float32)
    mask = reference.mask_of_rows(x).astype(np.float32)
    assert_same_bits(ops.mask_of_rows(x), mask)
    assert_same_bits(ops.mask_of_rows(x, 1.0), reference.mask_of_rows(x, 1.0).astype(np.float32))
    want = reference.mask_rows(x + 1, mask).astype(np.float32)
    assert_same_bits(ops.mask_rows(x + 1, mask), want)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_mask_weights_equal_the_reference(shape, impl, rng):
    mask = rng.integers(0, 2, shape).astype(np.float32)
    weight = rng.random(shape).astype(np.float32) + 1
    weights, valid = ops.mask_weights(mask)
    want, count = reference.mask_weights(mask)
    assert_close(weights, want, ulp_bound(want, 0.51))
    assert valid == count
    if mask.size:
        weighted, _ = ops.mask_weights(mask, weight)
        want, _ = reference.mask_weights(mask, weight)
        assert_close(weighted, want, ulp_bound(want, 0.51))


def test_what_a_mask_leaves_out_may_be_anything(impl):
    x = np.float32([[np.nan, 1], [np.inf, 2], [3, 4]])
    assert_same_bits(ops.mask_rows(x, [0.0, 0.0, 1.0]), np.float32([[0, 0], [0, 0], [3, 4]]))
    assert_same_bits(ops.mask_of_rows(x), np.float32([1, 1, 1]))
    assert_same_bits(ops.mask_of_rows(np.float32([[-0.0, 0.0]])), np.float32([0]))


def test_mask_rows_is_its_own_gradient(impl, rng):
    mask = np.float32([1, 0, 1])
    x, dy = (rng.standard_normal((3, 4)).astype(np.float32) for _ in range(2))
    gradient = ops.mask_rows(dy, mask)
    check_gradient(lambda v: ops.mask_rows(v, mask), [x], [gradient], dy, step=0.5)


X = np.ones((2, 3, 4), np.float32)
REFUSED = [
    ("mask_of_ids", lambda: ops.mask_of_ids([0.5]), TypeError, "ids float64"),
    ("mask_of_ids", lambda: ops.mask_of_ids([0, 2**31]), ValueError, "ids[1] int32"),
    ("mask_of_ids", lambda: ops.mask_of_ids([0], 1.5), TypeError, "value 1.5"),
    ("mask_of_ids", lambda: ops.mask_of_ids([0], 2**31), ValueError, "value 2147483648"),
    ("mask_of_rows", lambda: ops.mask_of_rows([1.0]), ValueError, "x rank 2"),
    ("mask_of_rows", lambda: ops.mask_of_rows(X, "a"), TypeError, "value 'a'"),
    ("mask_rows", lambda: ops.mask_rows(X, X), ValueError, "mask (2, 3) (2, 3, 4)"),
    ("mask_rows", lambda: ops.mask_rows(X, X[..., 0] > 0), TypeError, "mask bool"),
    ("mask_weights", lambda: ops.mask_weights(X, X[0]), ValueError, "sample_weight"),
    ("mask_weights", lambda: ops.mask_weights(X, -X), ValueError, "sample_weight >= 0"),
]


@pytest.mark.parametrize(("op", "call", "error", "words"), REFUSED)
def test_refused(op, call, error, words):
    assert_refused(call, error, op, words)
