"""Products summed over axes, and weighted means, as NumPy and Keras have them."""

import numpy as np
import pytest

from brasa import Input, ops
from brasa.testing.assertions import assert_close, assert_refused, reduction_bound
from tests import with_keras
from tests.ops.numpy_twins import assert_in_models, assert_slopes

# Function, shapes, further arguments.
CASES = [
    ("tensordot", [(3, 4, 5), (4, 5, 2)], ()),
    ("tensordot", [(3, 4), (4, 2)], (1,)),
    ("tensordot", [(3,), (4, 2)], (0,)),
    ("tensordot", [(3, 4, 5), (5, 2, 3)], (([2, 0], [0, 2]),)),
    ("tensordot", [(3, 4, 5), (2, 4)], ((1, -1),)),
    ("dot", [(4,), (4,)], ()),
    ("dot", [(3, 4), (4,)], ()),
    ("dot", [(4,), (4, 3)], ()),
    ("dot", [(2, 3, 4), (5, 4, 6)], ()),
    ("inner", [(4,), (4,)], ()),
    ("inner", [(2, 3, 4), (5, 4)], ()),
    ("vdot", [(2, 3), (2, 3)], ()),
    ("vdot", [(5,), (5,)], ()),
    ("outer", [(3,), (4,)], ()),
    ("outer", [(2, 3), (2, 2)], ()),
]
IDS = [f"{name} {shapes} {more}" for name, shapes, more in CASES]
AVERAGES = [((3, 4), None), ((4,), 1), ((4,), -1), ((3,), 0), ((3, 4), 0), ((3, 4), (0, 1))]


def operands_of(shapes, rng):
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize(("name", "shapes", "more"), CASES, ids=IDS)
def test_as_numpy_with_gradients(name, shapes, more, rng):
    ours, theirs = getattr(ops, name), getattr(np, name)
    xs = operands_of(shapes, rng)
    want = np.asarray(theirs(*map(np.float64, xs), *more))
    sizes = np.asarray(theirs(*(np.abs(np.float64(x)) for x in xs), *more))
    got = ours(*xs, *more)
    assert got.shape == want.shape
    assert_close(got, want, reduction_bound(40, sizes))
    assert_slopes(lambda *t: ours(*t, *more), lambda *t: theirs(*t, *more), xs, rng)


@pytest.mark.parametrize(("name", "shapes", "more"), CASES, ids=IDS)
def test_as_keras(name, shapes, more, rng):
    keras = with_keras.keras()
    xs = operands_of(shapes, rng)
    want = np.asarray(getattr(keras.ops, name)(*xs, *more))
    got = getattr(ops, name)(*xs, *more)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("form", "axis"), AVERAGES, ids=str)
def test_averages(form, axis, rng):
    keras = with_keras.keras()
    (x,), weights = operands_of([(3, 4)], rng), np.float32(rng.random(form) + 0.5)
    want = np.average(np.float64(x), axis, weights=np.float64(weights))
    got = ops.average(x, axis, weights)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-5)
    np.testing.assert_allclose(got, keras.ops.average(x, axis, weights), rtol=1e-5)
    np.testing.assert_allclose(ops.average(x, axis), np.mean(x, axis), rtol=1e-5)
    assert_slopes(
        lambda x, w: ops.average(x, axis, w),
        lambda x, w: np.average(x, axis, weights=w),
        [x, weights],
        rng,
    )


def test_weights_that_add_up_to_0():
    with np.errstate(all="ignore"):
        assert np.isnan(ops.average(np.ones(2, np.float32), weights=np.zeros(2, np.float32)))


def test_numbers_multiply():
    x = np.float32([1, 2])
    for name in ("dot", "inner"):
        assert getattr(ops, name)(x, 3).tolist() == getattr(ops, name)(3.0, x).tolist() == [3, 6]
        assert getattr(ops, name)(x, np.float32([3])[0]).tolist() == [3, 6]


def test_inside_models_and_between_layers(rng):
    x, w = operands_of([(6, 3, 4), (4, 5)], rng)
    for compute in (
        lambda t: ops.tensordot(t, w, 1),
        lambda t: ops.tensordot(t, w.T, [[2], [1]]),
        lambda t: ops.dot(t, w),
        lambda t: ops.inner(t, w[:, 0]),
        lambda t: ops.average(t, 1, [1.0, 2.0, 3.0]),
        lambda t: ops.average(t, 2),
    ):
        assert_in_models(compute, x)
    assert_in_models(lambda a, b: ops.average(a, 1, b), x, np.abs(x) + 1)


def test_bad_arguments():
    a, b = np.ones((2, 3), np.float32), np.ones((3, 4), np.float32)
    for call, error, op, words in (
        (lambda: ops.tensordot(a, b, 2), ValueError, "tensordot", "axis 0 (2, 3) (3, 4) extent"),
        (lambda: ops.tensordot(a, b, 3), ValueError, "tensordot", "axes [0, 2] 3"),
        (lambda: ops.tensordot(a, b, 0.5), TypeError, "tensordot", "axes 0.5"),
        (lambda: ops.tensordot(a, b, ([1],)), ValueError, "tensordot", "axes two lists"),
        (lambda: ops.tensordot(a, b, ([1], [0, 1])), ValueError, "tensordot", "as many"),
        (lambda: ops.tensordot(a, b, ([2], [0])), ValueError, "tensordot", "axis 2 (2, 3)"),
        (lambda: ops.tensordot(a, b, ([1, 1], [0, 0])), ValueError, "tensordot", "once"),
        (lambda: ops.dot(a, a), ValueError, "dot", "(2, 3) extent"),
        (lambda: ops.dot([1, 2], [3, 4]), TypeError, "dot", "x1 float32"),
        (lambda: ops.inner(a, b), ValueError, "inner", "(2, 3) (3, 4) extent"),
        (lambda: ops.vdot(a, b), ValueError, "vdot", "(2, 3) (3, 4) elements"),
        (lambda: ops.outer("a", b), TypeError, "outer", "x1"),
        (lambda: ops.average(a, 2), ValueError, "average", "axis 2 (2, 3)"),
        (lambda: ops.average(a, 1, b), ValueError, "average", "weights (2, 3) (3, 4)"),
        (lambda: ops.average(a, None, b[0, :3]), ValueError, "average", "weights (3,) None"),
        (lambda: ops.average(a, 1, [1, 2, 3]), TypeError, "average", "weights float32"),
    ):
        assert_refused(call, error, op, words)
    with pytest.raises(ValueError, match="outer: the first axis of the result must be the batch"):
        ops.outer(Input((3,)), Input((3,)))
