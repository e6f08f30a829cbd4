"""Matrix products, the dense layer and the bias gradient. Contract: csrc/ops/matmul.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_close, assert_same_bits, reduction_bound, ulp_bound
from brasa.testing.gradcheck import check_gradient


def product_bound(impl, want, length, magnitude):
    """One rounding for the reference table, which sums in double; a float32 sum for the others."""
    return ulp_bound(want) if impl == "ref" else reduction_bound(length, magnitude)


@pytest.mark.parametrize("case", cases.MATMUL, ids=str)
def test_matmul_equals_reference(case, impl):
    a, b = case.inputs()
    want = reference.matmul(a, b, **case.flags)
    magnitude = reference.matmul(np.abs(a), np.abs(b), **case.flags)
    bound = product_bound(impl, want, case.k, magnitude)
    assert_close(ops.matmul(a, b, **case.flags), want, bound)


@pytest.mark.parametrize("case", cases.DENSE, ids=str)
def test_dense_equals_reference(case, impl):
    x, w, b = case.inputs()
    want = reference.dense(x, w, b, case.activation)
    magnitude = reference.dense(np.abs(x), np.abs(w), None if b is None else np.abs(b))
    # No activation is steeper than 1; sigmoid and tanh add their own 4 ulp.
    bound = reduction_bound(case.D, magnitude) + ulp_bound(want, 4 if case.activation else 0)
    assert_close(ops.dense(x, w, b, case.activation), want, bound)


@pytest.mark.parametrize("case", cases.DENSE, ids=str)
def test_dense_backward_equals_reference(case, impl):
    (x, w, _), dy = case.inputs(), case.dy()
    want = reference.dense_backward(dy, x, w)
    magnitude = reference.dense_backward(np.abs(dy), np.abs(x), np.abs(w))
    rows = int(np.prod(case.rows))
    got = ops.dense_backward(dy, x, w)
    for i, (name, length) in enumerate((("dx", case.U), ("dw", rows), ("db", rows))):
        bound = product_bound(impl, want[i], length, magnitude[i])
        assert_close(got[i], want[i], bound, name)


def test_dense_backward_is_the_slope_of_dense(impl, rng):
    x, w, b, dy = (
        rng.normal(size=shape).astype(np.float32) for shape in ((4, 7), (7, 9), (9,), (4, 9))
    )
    grads = ops.dense_backward(dy, x, w)
    check_gradient(ops.dense, [x, w, b], grads, dy, step=0.5, length=7, names="xwb")


def test_a_vector_is_one_row(impl, rng):
    x, w, b = (rng.normal(size=shape).astype(np.float32) for shape in ((6,), (6, 5), (5,)))
    y = ops.dense(x, w, b)
    assert y.shape == (5,)
    assert_same_bits(y, ops.dense(x[None], w, b)[0])


def test_an_empty_sum_is_the_bias(impl):
    x, w, b = np.ones((2, 0), np.float32), np.ones((0, 17), np.float32), np.arange(17.0)
    assert_same_bits(ops.dense(x, w, b), np.tile(b.astype(np.float32), (2, 1)))


def test_nan_reaches_its_row_and_column_and_no_other(impl):
    a, b = np.ones((9, 5), np.float32), np.ones((5, 19), np.float32)
    a[4, 2] = np.nan
    c = ops.matmul(a, b)
    assert np.isnan(c[4]).all()
    assert np.isfinite(np.delete(c, 4, axis=0)).all()
    a[4, 2], b[3, 17] = 1.0, np.inf
    c = ops.matmul(a, b)
    assert np.isposinf(c[:, 17]).all()
    assert np.isfinite(np.delete(c, 17, axis=1)).all()


def test_whole_numbers_are_multiplied_exactly(impl, rng):
    # Every partial sum is below 2^24: no order of summation rounds anything.
    a, b = rng.integers(-64, 64, (37, 300)), rng.integers(-64, 64, (300, 45))
    assert_close(ops.matmul(a.astype(np.float32), b.astype(np.float32)), a @ b, 0)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (64, 16), (1000, 6), (129, 33), (0, 5)])
def test_bias_gradient_sums_the_rows(rows, columns, impl, rng):
    dy = rng.normal(size=(rows, columns)).astype(np.float32)
    bound = reduction_bound(rows, np.abs(dy).sum(0, dtype=np.float64))
    assert_close(ops.bias_gradient(dy), dy.sum(0, dtype=np.float64), bound)
