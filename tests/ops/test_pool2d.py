"""Max and average pooling. Contract: csrc/ops/pool2d.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_close, assert_same_bits, reduction_bound
from brasa.testing.gradcheck import check_gradient


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("case", cases.POOL2D, ids=str)
def test_max_and_its_place_equal_reference(case, ties, impl):
    x = case.x_with_ties() if ties else case.x()
    y, argmax = ops.max_pool2d(x, **case.window)
    want, place = reference.max_pool2d(x, **case.window)
    assert_same_bits(argmax, place, "argmax")
    assert_same_bits(y, want.astype(np.float32), "y")  # a selection: -0.0 stays -0.0


@pytest.mark.parametrize("case", cases.POOL2D, ids=str)
def test_max_backward_equals_reference(case, impl):
    dy = case.dy()
    _, argmax = reference.max_pool2d(case.x_with_ties(), **case.window)
    want = reference.max_pool2d_backward(dy, argmax, case.x_shape, **case.window)
    magnitude = reference.max_pool2d_backward(np.abs(dy), argmax, case.x_shape, **case.window)
    got = ops.max_pool2d_backward(dy, argmax, case.x_shape, **case.window)
    # No pixel lies in more windows than a window has pixels.
    assert_close(got, want, reduction_bound(case.length, magnitude))


@pytest.mark.parametrize("case", cases.POOL2D, ids=str)
def test_average_equals_reference(case, impl):
    x = case.x()
    got = ops.average_pool2d(x, **case.window)
    magnitude = reference.average_pool2d(np.abs(x), **case.window)
    bound = reduction_bound(case.length, magnitude)
    assert_close(got, reference.average_pool2d(x, **case.window), bound)


@pytest.mark.parametrize("case", cases.POOL2D, ids=str)
def test_average_backward_equals_reference(case, impl):
    dy = case.dy()
    got = ops.average_pool2d_backward(dy, case.x_shape, **case.window)
    want = reference.average_pool2d_backward(dy, case.x_shape, **case.window)
    magnitude = reference.average_pool2d_backward(np.abs(dy), case.x_shape, **case.window)
    assert_close(got, want, reduction_bound(case.length, magnitude))


GRADIENT_CASE = cases.Pool2dCase(2, 7, 6, 3, 3, 2, 1)


def test_max_backward_is_the_slope_of_max(impl, rng):
    case = GRADIENT_CASE
    # Values apart by 0.1: a step of 0.02 changes no winner.
    x = 0.1 * rng.permutation(np.prod(case.x_shape)).reshape(case.x_shape).astype(np.float32)
    dy = case.dy()
    _, argmax = ops.max_pool2d(x, **case.window)
    dx = ops.max_pool2d_backward(dy, argmax, x.shape, **case.window)
    check_gradient(lambda x: ops.max_pool2d(x, **case.window)[0], [x], [dx], dy, step=0.02)


def test_average_backward_is_the_slope_of_average(impl):
    case = GRADIENT_CASE
    dy = case.dy()
    dx = ops.average_pool2d_backward(dy, case.x_shape, **case.window)
    check_gradient(
        lambda x: ops.average_pool2d(x, **case.window), [case.x()], [dx], dy, step=0.5, length=9
    )


INF, NAN = np.inf, np.nan
WINDOWS = {  # 2 x 2: the values in row order, the winner, its place
    "ties go to the first": ([1, 1, 1, 1], 1, 0),
    "ties go to the first of the largest": ([0, 2, 2, 1], 2, 1),
    "minus zero first": ([-0.0, 0.0, -1, 0.0], -0.0, 0),
    "plus zero first": ([0.0, -0.0, 0.0, -0.0], 0.0, 0),
    "only minus infinity": ([-INF, -INF, -INF, -INF], -INF, 0),
    "an infinity": ([1, 2, INF, INF], INF, 2),
    "NaN wins": ([1, NAN, 3, INF], NAN, 1),
    "NaN in the first place": ([NAN, 9, 9, 9], NAN, 0),
    "the first NaN": ([0, 1, NAN, NAN], NAN, 2),
    "the last pixel": ([1, 2, 3, 4], 4, 3),
}


@pytest.mark.parametrize("channels", [1, 8, 17])
@pytest.mark.parametrize("name", WINDOWS)
def test_one_window_gives_what_the_contract_says(name, channels, impl):
    values, winner, place = WINDOWS[name]
    x = np.repeat(np.float32(values), channels).reshape(1, 2, 2, channels)
    y, argmax = ops.max_pool2d(x)
    assert_same_bits(y, np.full((1, 1, 1, channels), winner, np.float32), "y")
    assert_same_bits(argmax, np.full(y.shape, place, np.int32), "argmax")


def test_padding_never_wins_and_is_not_counted(impl):
    x = np.full((2, 3, 3, 9), -5.0, np.float32)
    y, argmax = ops.max_pool2d(x, 3, 2, 1)
    assert_close(y, np.full(y.shape, -5.0), 0)
    assert_same_bits(argmax[0, :, :, 0], np.int32([[0, 1], [3, 4]]))
    assert_close(ops.average_pool2d(x, 3, 2, 1), np.full(y.shape, -5.0), 0)


def test_overlapping_windows_add_their_gradients_at_the_winner(impl):
    x = np.zeros((1, 3, 3, 1), np.float32)
    x[0, 1, 1, 0] = 1.0
    _, argmax = ops.max_pool2d(x, 2, 1)
    dy = np.float32([1, 2, 4, 8]).reshape(1, 2, 2, 1)
    dx = ops.max_pool2d_backward(dy, argmax, x.shape, 2, 1)
    assert_close(dx, 15.0 * x, 0)


def test_strides_default_to_the_window(impl, rng):
    x = rng.normal(size=(2, 9, 9, 4)).astype(np.float32)
    for op in (ops.max_pool2d, ops.average_pool2d):
        assert_same_bits(op(x, 3), op(x, 3, 3))
        assert_same_bits(op(x), op(x, (2, 2), (2, 2), "valid"))
