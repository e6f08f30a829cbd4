"""Axes in another order. Contract: csrc/ops/transpose.h."""

import itertools

import numpy as np
import pytest

from brasa import ops
from brasa.testing.assertions import assert_refused, assert_same_bits


@pytest.mark.parametrize(
    "shape",
    [(5,), (), (33, 70), (2, 3, 17), (64, 16, 4), (3, 4, 1, 5), (2, 0, 3), (1, 9, 1, 3)],
    ids=str,
)
def test_every_order_equals_numpys(shape, impl, rng):
    x = rng.normal(size=shape).astype(np.float32)
    for axes in itertools.permutations(range(len(shape))):
        want = np.array(x.transpose(axes), order="C")
        assert_same_bits(ops.transpose(x, axes), want, axes)
    assert_same_bits(ops.transpose(x), np.array(x.T, order="C"))


def test_all_axes_and_bits_that_are_no_numbers(impl, rng):
    x = rng.integers(-(2**31), 2**31, (2, 3, 2, 1, 3, 2, 2, 5)).astype(np.int32).view(np.float32)
    axes = (7, -7, 5, 3, 0, 4, 6, 2)
    out = np.empty(np.transpose(x, axes).shape, np.float32)
    assert ops.transpose(x, axes, out=out) is out
    np.testing.assert_array_equal(
        out.view(np.int32), np.ascontiguousarray(np.transpose(x, axes)).view(np.int32)
    )


def test_results_beyond_the_caches(impl):
    """Written past them where rows of y are whole lines, else not."""
    if impl in ("ref", "cuda_on_cpu"):
        pytest.skip("has one way only")
    for shape in ((2051, 1040), (1040, 2051), (2, 1030, 1100)):
        x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        axes = (*range(len(shape) - 2), len(shape) - 1, len(shape) - 2)
        assert_same_bits(ops.transpose(x, axes), np.array(x.transpose(axes), order="C"))


@pytest.mark.parametrize("axes", [(0, 3, 1, 2), (2, 1, 0, 3), (3, 2, 1, 0)])
def test_the_number_of_threads_changes_no_bit(axes, rng, same_bits_for_all_threads):
    x = rng.normal(size=(30, 40, 31, 7)).astype(np.float32)
    same_bits_for_all_threads(lambda: (ops.transpose(x, axes),), x.size)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: ops.transpose(x, (0,)), ValueError, "axes 2 (2, 3) 1"),
        (lambda x: ops.transpose(x, (0, 0)), ValueError, "once 0 again"),
        (lambda x: ops.transpose(x, (1, -1)), ValueError, "once -1 again"),
        (lambda x: ops.transpose(x, (0, 2)), ValueError, "[-2, 2) 2"),
        (lambda x: ops.transpose(x, 1), TypeError, "axes 1"),
        (lambda x: ops.transpose(x, (0, 1.0)), TypeError, "axes 1.0"),
        (lambda x: ops.transpose(x, out=np.empty((2, 3), np.float32)), ValueError, "(3, 2) (2, 3)"),
    ],
)
def test_bad_input_is_refused(call, error, words):
    assert_refused(lambda: call(np.ones((2, 3), np.float32)), error, "transpose", words)
