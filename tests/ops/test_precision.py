"""Products in bf16, and float32-accurate ones on the same tiles. Contract: csrc/ops/precision.h."""

import numpy as np
import pytest

from brasa import ops, runtime
from brasa.testing import cases, reference
from brasa.testing.assertions import (
    ROUNDING,
    SMALLEST,
    assert_close,
    assert_same_bits,
    reduction_bound,
    ulp_bound,
)

LOWER = ("bf16", "bf16x3")


def offers(table):
    with runtime.force(table):
        return len(runtime.precisions()) > 1


@pytest.fixture(autouse=True, params=filter(offers, runtime.implementations()))
def table(request):
    with runtime.force(request.param):
        yield request.param


def round_to_bf16(x):
    """To nearest even, by the bits; denormals count as 0."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    values = rounded.astype(np.uint32).view(np.float32).reshape(np.shape(x))
    return np.where(np.isnan(x), np.nan, np.where(np.abs(x) < SMALLEST, 0 * values, values))


def operands(precision, *arrays):
    """What is multiplied."""
    return [round_to_bf16(x) if precision == "bf16" else x for x in arrays]


def bound_of(precision, length, magnitude):
    """Of a float32 sum of the products; with three parts two roundings come to each."""
    return reduction_bound(length + (2 if precision == "bf16x3" else 0), magnitude)


MATMULS = (
    *cases.MATMUL,
    cases.MatmulCase(300, 70, 1100, transpose_a=True),  # beyond the blocks of rows and of the sum
    cases.MatmulCase(40, 600, 530, transpose_b=True),  # and of the columns
    cases.MatmulCase(33, 65, 515),
    cases.MatmulCase(35, 70, 4500),  # three stages
)


@pytest.mark.parametrize("precision", LOWER)
@pytest.mark.parametrize("case", MATMULS, ids=str)
def test_matmul_equals_the_product_of_its_rounded_operands(case, precision):
    a, b = operands(precision, *case.inputs())
    want = reference.matmul(a, b, **case.flags)
    magnitude = reference.matmul(np.abs(a), np.abs(b), **case.flags)
    got = ops.matmul(*case.inputs(), **case.flags, precision=precision)
    assert_close(got, want, bound_of(precision, case.k, magnitude) + ulp_bound(want))


def test_bf16_errs_as_the_contract_says(table, rng):
    a, b = (rng.normal(size=(200, 200)).astype(np.float32) for _ in range(2))
    size = np.abs(a).astype(np.float64) @ np.abs(b)
    error = np.abs(ops.matmul(a, b, precision="bf16") - a.astype(np.float64) @ b)
    assert (error <= 2.1 * 2**-8 * size + reduction_bound(200, size)).all()
    assert error.max() > 1e-4 * size.max()  # it is bf16 in truth


def test_three_parts_err_like_float32(table, rng):
    a, b = (rng.normal(size=(512, 512)).astype(np.float32) for _ in range(2))
    want, size = a.astype(np.float64) @ b, np.abs(a).astype(np.float64) @ np.abs(b)
    error = (ops.matmul(a, b, precision="bf16x3") - want) / size
    assert np.sqrt(np.mean(error**2)) < 3 * ROUNDING


@pytest.mark.parametrize("case", cases.DENSE, ids=str)
@pytest.mark.parametrize("precision", LOWER)
def test_dense_and_its_gradients(case, precision):
    (x, w, b), dy = case.inputs(), case.dy()
    rows = int(np.prod(case.rows))
    xr, wr, dyr = operands(precision, x, w, dy)
    want = reference.dense(xr, wr, b, case.activation)
    size = reference.dense(np.abs(xr), np.abs(wr), None if b is None else np.abs(b))
    got = ops.dense(x, w, b, case.activation, precision=precision)
    slack = ulp_bound(want, 4 if case.activation else 0.5)
    assert_close(got, want, bound_of(precision, case.D, size) + slack)
    wants = reference.dense_backward(dyr, xr, wr)
    sizes = reference.dense_backward(np.abs(dyr), np.abs(xr), np.abs(wr))
    grads = ops.dense_backward(dy, x, w, precision=precision)
    for i, (name, length) in enumerate((("dx", case.U), ("dw", rows))):
        bound = bound_of(precision, length, sizes[i]) + ulp_bound(wants[i])
        assert_close(grads[i], wants[i], bound, name)


CONVOLUTIONS = (
    *cases.CONV2D,
    cases.Conv2dCase(2, 13, 11, 5, 7, (3, 4), (2, 3), ((1, 2), (0, 3)), (3, 2)),
    cases.Conv2dCase(1, 9, 9, 8, 40, 3, 4, "same", (2, 6)),  # taps that no pixel of a phase meets
    cases.Conv2dCase(2, 8, 8, 40, 33, 2, 3),  # pixels that no window reads
    cases.Conv2dCase(3, 20, 21, 70, 9, 3, padding=1),  # beyond the blocks of the sums
    # Images that are converted once for all taps (csrc/cpu/tiles/image.h):
    cases.Conv2dCase(1, 30, 31, 32, 40, 3, padding=1),  # in bands of rows
    cases.Conv2dCase(9, 7, 7, 64, 33, 3, padding="same"),  # some images at a time
    cases.Conv2dCase(2, 17, 14, 30, 64, 3, 2, 1),  # every other pixel
    cases.Conv2dCase(2, 12, 13, 64, 32, (3, 4), (2, 3), ((1, 2), (0, 3)), (3, 2)),
    cases.Conv2dCase(2, 6, 6, 32, 32, 5, padding=2),
    cases.Conv2dCase(2, 9, 10, 32, 24, 3, padding=((0, 4), (5, 0))),  # far past the edges
    cases.Conv2dCase(1, 6, 6, 544, 40, 3, padding=1),
    cases.Conv2dCase(2, 40, 3, 32, 64, (1, 3), (2, 1)),
    cases.Conv2dCase(30, 12, 12, 32, 40, 3, padding=1),  # some images, a dw of their own
)


@pytest.mark.parametrize("precision", LOWER)
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_conv2d_and_its_gradients(case, precision):
    (x, w, b), dy = case.inputs(), case.dy()
    lower = "float32" if case.groups > 1 else precision  # grouped ones fall back
    xr, wr, dyr = operands(lower, x, w, dy)
    runtime.set_winograd(False)
    try:
        got = ops.conv2d(x, w, b, **case.window, activation=case.activation, precision=precision)
        grads = ops.conv2d_backward(dy, x, w, **case.window, precision=precision)
    finally:
        runtime.set_winograd(True)
    want = reference.conv2d(xr, wr, b, **case.window, activation=case.activation)
    absolute = None if b is None else np.abs(b)
    size = reference.conv2d(np.abs(xr), np.abs(wr), absolute, **case.window)
    slack = ulp_bound(want, 4 if case.activation else 0.5)
    assert_close(got, want, bound_of(precision, case.length, size) + slack, "y")
    wants = reference.conv2d_backward(dyr, xr, wr, **case.window)
    sizes = reference.conv2d_backward(np.abs(dyr), np.abs(xr), np.abs(wr), **case.window)
    taps, pixels = int(np.prod(case.w_shape[:2])) * case.K, int(np.prod(case.y_shape[:3]))
    for i, (name, length) in enumerate((("dx", taps), ("dw", pixels))):
        bound = bound_of(precision, length, sizes[i]) + ulp_bound(wants[i])
        assert_close(grads[i], wants[i], bound, name)


def test_three_parts_are_as_exact_in_convolutions_of_tiny_and_huge_numbers(table, rng):
    x, w = rng.normal(size=(3, 20, 19, 32)), rng.normal(size=(3, 3, 32, 40))
    x[1, :3], x[2, 5, 6, 7], x[0, 19, 18], w[1, 2, :, 35] = 1e-33 * x[1, :3], 2e30, 3e-35, 1e-34
    x, w = x.astype(np.float32), w.astype(np.float32)
    window = {"strides": 1, "padding": 1}
    got = ops.conv2d(x, w, **window, precision="bf16x3")
    size = reference.conv2d(np.abs(x), np.abs(w), **window)
    assert_close(got, reference.conv2d(x, w, **window), bound_of("bf16x3", 288, size))
    dy = rng.normal(size=got.shape).astype(np.float32)
    dy[0, 0, 0, 0], dy[1, 7] = 1e-34, 1e-32 * dy[1, 7]
    grads = ops.conv2d_backward(dy, x, w, **window, precision="bf16x3")
    wants = reference.conv2d_backward(dy, x, w, **window)
    sizes = reference.conv2d_backward(np.abs(dy), np.abs(x), np.abs(w), **window)
    for i, length in enumerate((360, 1140)):
        bound = bound_of("bf16x3", length, sizes[i])
        assert_close(grads[i], wants[i], bound)


@pytest.mark.parametrize("precision", LOWER)
def test_infinity_and_nan_reach_only_the_outputs_that_read_them(precision, table, rng):
    x, w = rng.normal(size=(2, 12, 13, 32)), rng.normal(size=(3, 3, 32, 40))
    x, w = x.astype(np.float32), w.astype(np.float32)
    x[0, 11, 12, 3], x[1, 4, 0, 5], x[1, 0, 12, 6] = np.inf, np.nan, -np.inf
    runtime.set_winograd(False)
    for window in ({"padding": 1}, {"strides": 2, "padding": 1}, {"padding": 0}):
        want = ops.conv2d(x, w, **window)
        got = ops.conv2d(x, w, **window, precision=precision)
        for kind in (np.isnan, np.isposinf, np.isneginf):
            assert (kind(got) == kind(want)).all()
        dy = np.where(np.isfinite(want), want, 1).astype(np.float32)
        dy[1, 0, 0, 7], dy[0, 3, 2, 8] = np.inf, np.nan
        want, *_ = ops.conv2d_backward(dy, x, w, **window)
        got, *_ = ops.conv2d_backward(dy, x, w, **window, precision=precision)
        for kind in (np.isnan, np.isposinf, np.isneginf):
            assert (kind(got) == kind(want)).all()
    runtime.set_winograd(True)


@pytest.mark.parametrize("precision", LOWER)
def test_the_thread_count_changes_no_bit(precision, threads, rng):
    a = rng.normal(size=(150, 700)).astype(np.float32)
    b = rng.normal(size=(700, 130)).astype(np.float32)
    x = rng.normal(size=(3, 15, 14, 40)).astype(np.float32)
    w = rng.normal(size=(3, 3, 40, 50)).astype(np.float32)
    many = rng.normal(size=(30, 12, 12, 32)).astype(np.float32)  # several copies of dw
    a[7, 3] = x[1, 2, 3, 4] = 1e-35  # one block in float32

    def results():
        y = ops.conv2d(x, w, strides=2, precision=precision)
        backward = ops.conv2d_backward(y, x, w, strides=2, precision=precision)
        batch = ops.matmul(a.reshape(3, 50, 700), b, precision=precision)
        image = ops.conv2d(x, w, padding=1, precision=precision)
        sums = ops.conv2d_backward_weight(
            many, many, (3, 3, 32, 32), padding=1, precision=precision
        )
        return ops.matmul(a, b, precision=precision), batch, y, *backward, image, sums

    runtime.set_threads(1)
    want = results()
    for count in (2, 3):
        runtime.set_threads(count)
        for one, other in zip(want, results(), strict=True):
            assert_same_bits(one, other)


def test_bf16_rounds_to_nearest_even(table):
    one, step = 1.0, 2.0**-7
    values = np.float32([one + step / 2, one + 1.5 * step, 1 + 0.51 * step, -1 - step / 2, 3e38])
    got = ops.matmul(values[:, None], np.ones((1, 1), np.float32), precision="bf16")[:, 0]
    assert_same_bits(got[:4], np.float32([one, one + 2 * step, one + step, -one]))
    assert_same_bits(got[4:], round_to_bf16(values[4:]).astype(np.float32))


def test_bf16_keeps_nan_infinity_and_zero(table):
    values = np.float32([np.nan, np.inf, -np.inf, np.finfo(np.float32).max, 1e-40, -0.0])
    got = ops.matmul(values[:, None], np.ones((1, 3), np.float32), precision="bf16")[:, 1]
    assert_same_bits(got + 0, np.float32([np.nan, np.inf, -np.inf, np.inf, 0, 0]))


@pytest.mark.parametrize("precision", LOWER)
def test_nan_and_infinity_reach_their_row_and_column_alone(precision, rng):
    a = rng.normal(size=(70, 90)).astype(np.float32)
    b = rng.normal(size=(90, 70)).astype(np.float32)
    plain = ops.matmul(a, b, precision=precision)
    a[40, 50], b[60, 5] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        want = a.astype(np.float64) @ b
    got = ops.matmul(a, b, precision=precision)
    assert np.isnan(got[40]).all()
    assert (got[:, 5][np.isinf(want[:, 5])] == want[:, 5][np.isinf(want[:, 5])]).all()
    rest = np.delete(np.delete(got, 40, 0), 5, 1)
    bound = bound_of("bf16x3", 90, np.abs(rest).max() * 10)
    assert_close(rest, np.delete(np.delete(plain, 40, 0), 5, 1), bound)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("size", [1e-36, 1e-31, 1e-25, 1e30, 3.3e38])
def test_three_parts_are_as_exact_for_tiny_and_huge_numbers(size, transposed, table, rng):
    a = (rng.uniform(0.5, 1, size=(40, 50)) * size).astype(np.float32)
    b = (rng.normal(size=(50, 45)) * (1e-3 / size if size < 1e-30 else 1e-6)).astype(np.float32)
    b[:, ::7] = 0
    want, sums = a.astype(np.float64) @ b, np.abs(a).astype(np.float64) @ np.abs(b)
    left = np.ascontiguousarray(a.T) if transposed else a
    right = np.ascontiguousarray(b.T) if transposed else b
    how = {"transpose_a": transposed, "transpose_b": transposed, "precision": "bf16x3"}
    assert_close(ops.matmul(left, right, **how), want, bound_of("bf16x3", 50, sums))


def test_results_are_added_into(table, rng):
    from brasa.ops.dispatch import run

    a, b = rng.normal(size=(20, 600)), rng.normal(size=(600, 40))
    a, b = a.astype(np.float32), b.astype(np.float32)
    for precision in LOWER:
        c = np.ones((20, 40), np.float32)
        run("matmul", [a, b, None], {"precision": precision, "accumulate": True}, (c,))
        want = 1 + ops.matmul(a, b, precision=precision).astype(np.float64)
        assert_close(c, want, bound_of(precision, 600, np.abs(a) @ np.abs(b)))
