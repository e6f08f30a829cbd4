"""Convolution and its gradients. Contract: csrc/ops/conv2d.h."""

from functools import cache

import numpy as np
import pytest

from brasa import ops, runtime
from brasa.ops.dispatch import run
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_close, assert_same_bits, reduction_bound, ulp_bound
from brasa.testing.gradcheck import check_gradient

# Winograd's F(4, 3) adds and subtracts pixels before it multiplies: 2.6 times the error of the
# plain sum in a probe of 64 to 512 channels.
TRANSFORM = 4.0


def sum_bound(impl, case, want, length, magnitude):
    """One rounding for the reference table, which sums in double; a float32 sum for the others."""
    if impl == "ref":
        return ulp_bound(want)
    if not case.may_use_winograd or not want.size:
        return reduction_bound(length, magnitude)
    # A transformed tile mixes its pixels: the largest of them sets the error of all.
    return reduction_bound(length, np.full_like(magnitude, magnitude.max()), TRANSFORM)


@cache
def expected_forward(case):
    x, w, b = case.inputs()
    plain = reference.conv2d(x, w, b, **case.window)
    magnitude = reference.conv2d(
        np.abs(x), np.abs(w), None if b is None else np.abs(b), **case.window
    )
    return plain, reference.activate(plain, case.activation), magnitude


@cache
def expected_backward(case):
    (x, w, _), dy = case.inputs(), case.dy()
    want = reference.conv2d_backward(dy, x, w, **case.window)
    return want, reference.conv2d_backward(np.abs(dy), np.abs(x), np.abs(w), **case.window)


@pytest.mark.parametrize("case", cases.CONV2D, ids=str)
def test_forward_equals_reference(case, impl):
    x, w, b = case.inputs()
    plain, want, magnitude = expected_forward(case)
    # No activation is steeper than 1; sigmoid and tanh add their own 4 ulp.
    bound = sum_bound(impl, case, plain, case.length, magnitude)
    bound = bound + ulp_bound(want, 4 if case.activation else 0)
    assert_close(ops.conv2d(x, w, b, **case.window, activation=case.activation), want, bound)


@pytest.mark.parametrize("case", cases.CONV2D, ids=str)
def test_packed_weights_change_no_bit(case, impl, packed_conv2d):
    x, w, b = case.inputs()
    runtime.set_winograd(False)  # packed, more layers are worth its tiles
    try:
        want = ops.conv2d(x, w, b, **case.window, activation=case.activation)
        assert_same_bits(packed_conv2d(x, w, b, case.window, case.activation), want)
    finally:
        runtime.set_winograd(True)


def test_packed_weights_of_another_shape_are_refused(impl):
    x, packed = np.zeros((1, 5, 5, 3), np.float32), np.zeros(7, np.float32)
    attributes = {"packed": True, "w_shape": [3, 3, 3, 4]}
    with pytest.raises(ValueError, match="conv2d: w must have the shape"):
        run("conv2d", [x, packed, None], attributes)
    with pytest.raises(ValueError, match="conv2d_pack: w_shape must have 4 extents, got 3"):
        run("conv2d_pack", [packed], {"x_shape": [1, 5, 5, 3], "w_shape": [3, 3, 3]})


@pytest.mark.parametrize("case", cases.CONV2D, ids=str)
def test_backward_equals_reference(case, impl):
    (x, w, _), dy = case.inputs(), case.dy()
    want, magnitude = expected_backward(case)
    pixels = int(np.prod(case.y_shape[:3]))
    taps = int(np.prod(case.w_shape[:2])) * case.K // case.groups
    got = ops.conv2d_backward(dy, x, w, **case.window)
    for i, (name, length) in enumerate((("dx", taps), ("dw", pixels), ("db", pixels))):
        bound = sum_bound(impl, case, want[i], length, magnitude[i])
        assert_close(got[i], want[i], bound, name)


GRADIENT_CASES = (
    cases.Conv2dCase(2, 6, 5, 3, 4, padding="same"),
    cases.Conv2dCase(1, 9, 8, 4, 6, (3, 2), (2, 1), ((1, 0), (0, 2)), (1, 2), groups=2),
    cases.Conv2dCase(3, 5, 5, 1, 6, 5, padding=2),
)


@pytest.mark.parametrize("case", GRADIENT_CASES, ids=str)
def test_backward_is_the_slope_of_forward(case, impl):
    (x, w, b), dy = case.inputs(), case.dy()

    def forward(x, w, b):
        return ops.conv2d(x, w, b, **case.window)

    grads = ops.conv2d_backward(dy, x, w, **case.window)
    check_gradient(forward, [x, w, b], grads, dy, step=0.5, length=case.length, names="xwb")


@pytest.mark.parametrize("case", GRADIENT_CASES, ids=str)
def test_the_reference_passes_its_own_gradient_check(case):
    x, w, b, dy = (np.float64(v) for v in (*case.inputs(), case.dy()))

    def forward(x, w, b):
        return reference.conv2d(x, w, b, **case.window)

    grads = reference.conv2d_backward(dy, x, w, **case.window)
    check_gradient(forward, [x, w, b], grads, dy, step=0.5, length=case.length, names="xwb")


def test_all_spellings_of_a_padding_are_one(impl, rng):
    x, w = rng.normal(size=(2, 8, 8, 3)).astype(np.float32), rng.normal(size=(3, 3, 3, 5))
    want = ops.conv2d(x, w, padding="same")
    for padding in (1, (1, 1), [1, 1], ((1, 1), (1, 1)), [[1, 1], (1, 1)], np.int64(1)):
        assert_same_bits(ops.conv2d(x, w, padding=padding), want, f"padding {padding}")


@pytest.mark.parametrize("extent", range(1, 9))
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_gives_the_extent_over_the_stride_rounded_up(extent, stride, impl):
    x, w = np.ones((1, extent, 2 * extent, 1), np.float32), np.ones((3, 4, 1, 1), np.float32)
    y = ops.conv2d(x, w, strides=stride, padding="same")
    assert y.shape == (1, -(-extent // stride), -(-2 * extent // stride), 1)


def test_a_batch_of_none_gives_zero_gradients(impl):
    x, w = np.ones((0, 5, 5, 2), np.float32), np.ones((3, 3, 2, 4), np.float32)
    y = ops.conv2d(x, w)
    assert y.shape == (0, 3, 3, 4)
    dx, dw, db = ops.conv2d_backward(y, x, w)
    assert dx.shape == x.shape
    assert_same_bits(dw, np.zeros_like(w))
    assert_same_bits(db, np.zeros(4, np.float32))


def test_an_image_without_nan_stays_without(impl):
    x, w = np.ones((19, 6, 6, 2), np.float32), np.ones((3, 3, 2, 5), np.float32)
    x[7, 3, 3, 1] = np.nan
    y = ops.conv2d(x, w, padding=1)
    assert np.isnan(y[7, 2:5, 2:5]).all()
    assert_close(
        np.delete(y, 7, axis=0), np.delete(ops.conv2d(np.ones_like(x), w, padding=1), 7, 0), 0
    )


def test_a_pixel_that_no_window_reads_gets_no_gradient(impl):
    x, w = np.ones((1, 6, 6, 3), np.float32), np.ones((1, 1, 3, 4), np.float32)
    dx, _, _ = ops.conv2d_backward(np.ones((1, 2, 2, 4), np.float32), x, w, strides=3)
    want = np.zeros(x.shape)
    want[:, ::3, ::3] = 4.0
    assert_close(dx, want, 0)


def test_whole_numbers_are_convolved_exactly_at_a_stride(impl, rng):
    # Every partial sum is below 2^24: no order of summation rounds anything.
    x, w = rng.integers(-9, 9, (3, 11, 9, 20)), rng.integers(-9, 9, (5, 5, 20, 18))
    x, w = x.astype(np.float32), w.astype(np.float32)
    y = ops.conv2d(x, w, strides=2, padding=2)
    assert_close(y, reference.conv2d(x, w, strides=2, padding=2), 0)
    got = ops.conv2d_backward(y, x, w, strides=2, padding=2)
    want = reference.conv2d_backward(y, x, w, strides=2, padding=2)
    assert np.abs(want[1]).max() < 2**24
    assert_close(got[1], want[1], 0, "dw")
