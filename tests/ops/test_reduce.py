"""Sums, means and extremes over axes. Contract: csrc/ops/reduce.h."""

import itertools

import numpy as np
import pytest

from brasa import ops
from brasa.testing import reference
from brasa.testing.assertions import assert_close, assert_refused, assert_same_bits, reduction_bound
from brasa.testing.gradcheck import check_gradient

SHAPES = [(), (5,), (33, 70), (2, 3, 17), (3, 4, 1, 5), (130, 33), (2, 9001), (9001, 2)]
NAN = np.nan


def subsets(rank):
    return itertools.chain.from_iterable(
        itertools.combinations(range(rank), count) for count in range(rank + 1)
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_set_of_axes_equals_numpys(shape, impl, rng):
    x = rng.normal(size=shape).astype(np.float32)
    wide = x.astype(np.float64)
    for axes in subsets(len(shape)):
        scale = np.abs(wide).sum(axes)
        count = max(x.size // max(scale.size, 1), 1)
        bound = reduction_bound(count, scale)
        assert_close(ops.sum(x, axes), wide.sum(axes), bound, f"sum {axes}")
        assert_close(ops.mean(x, axes), wide.mean(axes), bound / count, f"mean {axes}")
        for name in ("max", "min"):
            want = getattr(x, name)(axes, keepdims=True)
            assert_same_bits(getattr(ops, name)(x, axes, keepdims=True), np.asarray(want))


def test_one_axis_none_and_out(impl, rng):
    x = rng.normal(size=(4, 6, 5)).astype(np.float32)
    assert_same_bits(ops.max(x, axis=-2), x.max(1))
    assert_same_bits(ops.max(x, axis=[2, -3]), x.max((0, 2)))
    assert ops.mean(x).shape == ()
    assert ops.sum(x, keepdims=True).shape == (1, 1, 1)
    out = np.empty((4, 5), np.float32)
    assert ops.min(x, 1, out=out) is out
    assert_same_bits(out, x.min(1))


def test_long_sums_keep_their_digits(impl):
    """The error grows with the blocks of a chunk, not with the numbers."""
    if impl in ("ref", "cuda_on_cpu"):
        pytest.skip("sums in double")
    x = np.full(10_000_000, 0.1, np.float32)
    for shape, axis in (((-1,), None), ((-1, 4), 0)):
        mean = ops.mean(x.reshape(shape), axis)
        assert_close(mean, np.full(mean.shape, np.float64(x[0])), 2e-6 * 0.1, f"{shape}")


@pytest.mark.parametrize("shape", [(40,), (7, 21), (3, 500), (500, 3)], ids=str)
def test_a_nan_is_the_largest_and_the_smallest(shape, impl, rng):
    x = rng.normal(size=shape).astype(np.float32)
    for at in (0, x.size // 2, x.size - 1):
        hit = x.copy()
        hit.flat[at] = NAN
        for axis in range(x.ndim):
            for name in ("max", "min"):
                y = getattr(ops, name)(hit, axis)
                assert_same_bits(y, getattr(hit, name)(axis))
        dx = ops.extreme_backward(ops.max(np.ones_like(x), -1), hit, ops.max(hit, -1), -1)
        assert_close(dx, reference.extreme_backward(np.ones(y.shape), hit, -1), 1e-7)
    infinite = np.full(shape, -np.inf, np.float32)
    assert_same_bits(ops.max(infinite), np.float32(-np.inf))
    assert_same_bits(ops.min(-infinite), np.float32(np.inf))


def test_several_extremes_share_the_gradient(impl, rng):
    for shape, axis in (((5, 21), 1), ((300, 7), 0), ((2, 6, 3, 5), (0, 2)), ((4, 3), None)):
        x = np.round(rng.normal(size=shape)).astype(np.float32)
        y = ops.max(x, axis)
        dy = rng.normal(size=y.shape).astype(np.float32)
        want = reference.extreme_backward(dy, x, axis)
        assert_close(ops.extreme_backward(dy, x, y, axis), want, 1e-6)


def test_no_element(impl):
    x = np.zeros((3, 0, 2), np.float32)
    assert_same_bits(ops.sum(x, 1), np.zeros((3, 2), np.float32))
    assert np.isnan(ops.mean(x, 1)).all()
    for axis in (0, -1, (0, 2)):
        assert ops.max(x, axis).shape == x.sum(axis).shape
    assert ops.extreme_backward(x[:, :, 0], x, x[:, :, 0], 2).shape == x.shape


def test_gradients_against_differences(rng):
    x = rng.normal(size=(4, 3, 5))
    for axis in (None, 1, (0, -1)):
        dy = np.asarray(rng.normal(size=x.sum(axis).shape))
        spread = np.broadcast_to(dy.reshape(x.sum(axis, keepdims=True).shape), x.shape)
        check_gradient(lambda v, a=axis: v.sum(a), [x], [spread], dy)
        grad = reference.extreme_backward(dy, x, axis)
        check_gradient(lambda v, a=axis: v.max(a), [x], [grad], dy, step=1e-4)


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((40_003, 10), 0), ((40_003, 10), 1), ((300_001,), 0), ((30, 90, 40), (0, 1))],
)
def test_the_number_of_threads_changes_no_bit(shape, axis, rng, same_bits_for_all_threads):
    x = rng.normal(size=shape).astype(np.float32)

    def work():
        y = ops.max(x, axis)
        return ops.sum(x, axis), ops.mean(x, axis), y, ops.extreme_backward(y, x, y, axis)

    same_bits_for_all_threads(work, x.size)


@pytest.mark.parametrize(
    ("op", "call", "error", "words"),
    [
        ("sum", lambda x: ops.sum(x, 2), ValueError, "axis [-2, 2) (2, 3) 2"),
        ("mean", lambda x: ops.mean(x, (0, -2)), ValueError, "axis -2 twice"),
        ("max", lambda x: ops.max(x, 1.0), TypeError, "axis 1.0"),
        ("max", lambda x: ops.max(x, keepdims="yes"), TypeError, "keepdims yes"),
        ("max", lambda x: ops.max(x[:0]), ValueError, "x (0, 3) no element"),
        ("min", lambda x: ops.min(x[:, :0], 1), ValueError, "x (2, 0) no element"),
        ("sum", lambda x: ops.sum(x.astype(int)), TypeError, "x float32 int64"),
        ("sum", lambda x: ops.sum(x, 0, out=x.copy()), ValueError, "(3,) (2, 3)"),
        (
            "extreme_backward",
            lambda x: ops.extreme_backward(x, x, x[0], 0),
            ValueError,
            "dy (1, 3)",
        ),
        ("extreme_backward", lambda x: ops.extreme_backward(x[0], x, x, 0), ValueError, "y (1, 3)"),
    ],
)
def test_bad_input_is_refused(op, call, error, words):
    assert_refused(lambda: call(np.ones((2, 3), np.float32)), error, op, words)
